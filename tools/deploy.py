#!/usr/bin/env python3
"""Puts apps on a board over a serial line, and looks after them.

    python3 tools/deploy.py keygen                         a key for a new board (install.sh puts it there)
    python3 tools/deploy.py ports                          the serial lines of this machine
    python3 tools/deploy.py --port /dev/ttyUSB0 push board/apps/chat
    python3 tools/deploy.py --port /dev/ttyUSB0 logs --follow

--port takes a device, a pty, or a URL of pyserial's such as socket://HOST:PORT; EDGEIO_PORT_NAME and EDGEIO_KEY_FILE
are the defaults of --port and --key. It needs the packages pyserial and cbor2.
"""

import argparse
import json
import os
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)

try:
    import cbor2  # noqa: F401
    import serial  # noqa: F401
except ImportError as exc:
    sys.exit(f'deploy: {exc.name} is not installed; this installs what it needs: python3 -m pip install pyserial cbor2')

from edgeio.errors import EdgeError  # noqa: E402
from tools.deploying import keys  # noqa: E402
from tools.deploying.port import DeployError, candidates  # noqa: E402
from tools.deploying.progress import size, span  # noqa: E402
from tools.deploying.session import Refused, connect  # noqa: E402

SPEED = 115200


def main(argv=None):
    """Runs the command; the exit code."""
    parser = make_parser()
    options = parser.parse_args(argv)
    try:
        if options.command in LOCAL:
            LOCAL[options.command](options)
            return 0
        if not options.port:
            raise DeployError('deploy.port', 'which board?', 'no --port', 'a serial line; `ports` lists them', '--port')
        key = keys.read_key(options.key)
        if options.hand_over:
            from tools.deploying.hand_over import hand_over

            hand_over(options.port, options.speed, options.hand_over)
        with connect(options.port, options.speed, key) as session:
            REMOTE[options.command](session, options)
    except Refused as exc:
        if exc.log:
            print(exc.log.decode('utf-8', 'replace'), file=sys.stderr)
        return fail(exc)
    except EdgeError as exc:
        return fail(exc)
    except KeyboardInterrupt:
        return 130
    return 0


def fail(exc):
    """Says what went wrong; the exit code."""
    print(f'deploy: {exc}', file=sys.stderr)
    return 1


def make_parser():
    """The command line."""
    parser = argparse.ArgumentParser(
        prog='deploy.py', description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--port', default=os.environ.get('EDGEIO_PORT_NAME'), help='the line to the board')
    parser.add_argument('--speed', type=int, default=SPEED, help=f'bits a second ({SPEED})')
    parser.add_argument('--key', type=Path, default=os.environ.get('EDGEIO_KEY_FILE') or keys.DEFAULT,
                        help=f"the file with the board's key ({keys.DEFAULT})")  # fmt: skip
    parser.add_argument('--hand-over', metavar='COMMAND',
                        help='the port is a console with a shell: COMMAND makes a link of it first')  # fmt: skip
    commands = parser.add_subparsers(dest='command', required=True, metavar='COMMAND')
    keygen = commands.add_parser('keygen', help='make a key for a board')
    keygen.add_argument('--force', action='store_true', help='write over the key that is there')
    commands.add_parser('ports', help='list the serial lines of this machine')
    for name, text in (('info', 'what board it is, and its releases'), ('status', 'how the app is')):
        commands.add_parser(name, help=text).add_argument('--json', action='store_true', help='for programs')
    commands.add_parser('push', help='send an app, and start it').add_argument('folder', metavar='APP_FOLDER')
    for name, text in (('start', 'start the app'), ('stop', 'stop it'), ('restart', 'stop and start it'),
                       ('rollback', 'go back to the release before'), ('console', 'a shell on the board')):  # fmt: skip
        commands.add_parser(name, help=text)
    logs = commands.add_parser('logs', help='what the app prints')
    logs.add_argument('--follow', action='store_true', help='go on until Ctrl-C')
    logs.add_argument('--lines', type=int, default=50, help='how many of the last ones (50)')
    return parser


def keygen(options):
    keys.make_key(options.key, options.force)
    print(f'a new key is in {options.key}; board/install.sh puts it on the board')


def ports(options):
    found = candidates()
    for device, about in found:
        print(f'{device}  {about}'.rstrip())
    if not found:
        print('no serial lines on this machine')


def info(session, options):
    answer = session.ask('info')
    if options.json:
        print(json.dumps(answer))
        return
    print(f'{answer["board"]}: {answer["machine"]}, Python {answer["python"]}, edgeio {answer["edgeio"]}')
    print(f'release {answer["release"] or "none"}, before it {answer["fallback"] or "none"}; '
          f'{size(answer["free"])} free')  # fmt: skip


def status(session, options):
    answer = session.ask('status')
    if options.json:
        print(json.dumps(answer))
        return
    print(f'{answer["state"]}, release {answer["release"] or "none"}{" on trial" if answer["on_trial"] else ""}')
    if answer['pid']:
        print(f'up {span(answer["uptime"] / 1000)}, {answer["clients"] or 0} clients, '
              f'loop lag {answer["lag"] or 0} ms, {size(answer["memory"])}')  # fmt: skip
    print(f'restarts {answer["restarts"]}' + (f', the last because {answer["problem"]}' if answer['problem'] else ''))
    print(f'board up {span(answer["board_uptime"] / 1000)}, {size(answer["memory_free"] or 0)} of memory free')


def push(session, options):
    from tools.deploying.push import push as push_app

    answer = push_app(session, options.folder)
    found = 'is well' if answer['changed'] else 'is on the board already; nothing has changed'
    print(answer['release'], found)


def logs(session, options):
    sys.stdout.buffer.write(session.ask('logs', lines=options.lines, follow=options.follow))
    sys.stdout.flush()
    while options.follow:
        for data in session.more():
            sys.stdout.buffer.write(data)
        sys.stdout.flush()


def console(session, options):
    from tools.deploying.console import console as run_console

    run_console(session)


def simple(session, options):
    answer = session.ask(options.command)
    print(f'{answer["state"]}, release {answer["release"] or "none"}')


LOCAL = {'keygen': keygen, 'ports': ports}
REMOTE = {
    'info': info, 'status': status, 'push': push, 'logs': logs, 'console': console,
    'start': simple, 'stop': simple, 'restart': simple, 'rollback': simple,
}  # fmt: skip

if __name__ == '__main__':
    sys.exit(main())
