"""What a session may ask of the agent: a request is a map with `do` and `id`, an answer carries the same `id`.

    {id, do: 'status'}       ->   {id, ok: {...}}
                                  {id, error: {code, text, seen, expected, setting}}
    {id, do: 'follow'}       ->   {id, ok: ...}, then {id, more: ...} as it happens
"""

import os
import platform

from edgeio import __version__, iosched
from edgeio.errors import EdgeError
from edgeio.report import report

from . import disk
from .shell import Shell

MAX_BEHIND = 128
"""Fragments that may wait to be sent: what is followed is left out beyond that, and the gap is told."""


class RequestError(EdgeError):
    """A request that cannot be done."""


class Service:
    """Serves one session. agent: profile, releases, supervisor, log; line: `send(message)`, `queued`."""

    def __init__(self, agent, line):
        self._agent = agent
        self._line = line
        self._follower = None
        self._shell = None
        self._push = None

    def handle(self, message):
        """Does what `message` asks for, and answers."""
        if not isinstance(message, dict) or 'id' not in message:
            return
        do = message.get('do')
        try:
            if do not in _REQUESTS:
                raise RequestError('agent.request', 'no such request', repr(do), ', '.join(_REQUESTS))
            answer = _REQUESTS[do](self, message)
        except EdgeError as exc:
            self._refuse(message, exc)
        except Exception as exc:
            report(exc, f'the request {do!r}')
            self._refuse(message, RequestError('agent.error', f'the agent failed: {type(exc).__name__}: {exc}'))
        else:
            if answer is not _LATER:
                self._line.send({'id': message['id'], 'ok': answer})

    def end(self):
        """The session is over."""
        self._unfollow()
        if self._shell is not None:
            self._shell.end()

    # -- about the board -----------------------------------------------------------------------------------------

    def _info(self, message):
        profile, releases = self._agent.profile, self._agent.releases
        return {
            'board': profile['name'],
            'machine': f'{platform.machine()}, {platform.system()} {platform.release()}',
            'python': platform.python_version(),
            'edgeio': __version__,
            'release': releases.current,
            'fallback': releases.fallback,
            'releases': releases.names(),
            'free': disk.free_bytes(releases.folder),
        }

    def _status(self, message):
        supervisor, releases = self._agent.supervisor, self._agent.releases
        process, now = supervisor.process, iosched.monotonic_ms()
        return {
            'state': supervisor.state,
            'release': releases.current,
            'on_trial': releases.on_trial,
            'restarts': supervisor.restarts,
            'problem': supervisor.problem,
            'port': self._agent.profile['port'],
            'pid': process and process.pid,
            'uptime': process and now - process.started,
            'clients': process and process.clients,
            'lag': process and process.lag,
            'beat': process and process.beat and now - process.beat,
            'memory': process and process.memory,
            'memory_free': _available(),
            'load': os.getloadavg()[0],
            'board_uptime': _uptime(),
            'agent_uptime': now - self._agent.started,
        }

    # -- a push --------------------------------------------------------------------------------------------------

    def _push_begin(self, message):
        self._push = None
        missing = self._agent.releases.missing(message['files'])
        self._push = (message['name'], message['files'])
        return missing

    def _push_data(self, message):
        name, files = self._pushed()
        return self._agent.releases.receive(message['hash'], message['offset'], message['data'], message['size'])

    def _push_end(self, message):
        name, files = self._pushed()
        releases = self._agent.releases
        before = releases.current
        release = releases.make(files, name)
        if release == before and not releases.on_trial:
            return {'release': release, 'changed': False}

        def verdict(error):
            self._answer_verdict(message, release, error)

        if release == before:  # pushed in a session whose line was lost since
            self._agent.supervisor.await_verdict(verdict)
        else:
            self._agent.supervisor.switch(release, verdict)
        return _LATER

    def _answer_verdict(self, message, release, error):
        if error is None:
            self._line.send({'id': message['id'], 'ok': {'release': release, 'changed': True}})
            return
        back = self._agent.releases.current
        exc = RequestError(
            'push.unhealthy', f'the new release {release} was not well, so it was taken back', error,
            setting=f'{back} runs again' if back else 'there was none before it: nothing runs',
        )  # fmt: skip
        self._refuse(message, exc, self._agent.log.tail(20))

    def _pushed(self):
        if self._push is None:
            raise RequestError('push.order', 'no push was begun in this session', setting='push_begin')
        return self._push

    # -- the app -------------------------------------------------------------------------------------------------

    def _start(self, message):
        self._need_release()
        self._agent.supervisor.start()
        return self._state()

    def _stop(self, message):
        self._agent.supervisor.stop(lambda: self._line.send({'id': message['id'], 'ok': self._state()}))
        return _LATER

    def _restart(self, message):
        self._need_release()
        self._agent.releases.set_wanted(True)
        self._agent.supervisor.restart(lambda: self._line.send({'id': message['id'], 'ok': self._state()}))
        return _LATER

    def _rollback(self, message):
        if self._agent.releases.fallback is None:
            raise RequestError('agent.no_fallback', 'there is no release to go back to', setting='push')
        self._agent.supervisor.roll_back(lambda: self._line.send({'id': message['id'], 'ok': self._state()}))
        return _LATER

    def _state(self):
        return {'state': self._agent.supervisor.state, 'release': self._agent.releases.current}

    def _need_release(self):
        if self._agent.releases.current is None:
            raise RequestError('agent.no_release', 'there is no app on the board', setting='push APP_FOLDER')

    # -- log and shell -------------------------------------------------------------------------------------------

    def _logs(self, message):
        log = self._agent.log
        self._unfollow()
        if message.get('follow'):
            self._follower = self._make_follower(message['id'])
            log.followers.append(self._follower)
        return log.tail(int(message.get('lines', 50)))

    def _make_follower(self, request_id):
        left_out = [0]

        def follow(data):
            if self._line.queued > MAX_BEHIND:
                left_out[0] += len(data)
                return
            if left_out[0]:
                self._line.send({'id': request_id, 'more': b'[%d bytes left out: the line is slower]\n' % left_out[0]})
                left_out[0] = 0
            self._line.send({'id': request_id, 'more': data})

        return follow

    def _unfollow(self):
        follower, self._follower = self._follower, None
        if follower is not None:
            self._agent.log.followers.remove(follower)

    def _shell_begin(self, message):
        if self._shell is not None:
            self._shell.end()

        def output(data):
            # None: it has ended. A shell waits for whoever reads it: what it prints is not left out.
            self._line.send({'id': message['id'], 'more': data})

        self._shell = Shell(output, lambda: self._line.queued < MAX_BEHIND, message.get('size'))
        return None

    def _shell_input(self, message):
        if self._shell is None:
            raise RequestError('agent.no_shell', 'no shell was begun in this session')
        self._shell.write(message['data'])
        return _LATER

    def _refuse(self, message, exc, log=None):
        error = {
            'code': exc.code, 'text': exc.text, 'seen': exc.seen and str(exc.seen)[:300],
            'expected': exc.expected and str(exc.expected)[:300], 'setting': exc.setting,
        }  # fmt: skip
        if log:
            error['log'] = log
        self._line.send({'id': message['id'], 'error': error})


_LATER = object()
"""The answer comes by itself."""

_REQUESTS = {
    'info': Service._info,
    'status': Service._status,
    'push_begin': Service._push_begin,
    'push_data': Service._push_data,
    'push_end': Service._push_end,
    'start': Service._start,
    'stop': Service._stop,
    'restart': Service._restart,
    'rollback': Service._rollback,
    'logs': Service._logs,
    'shell': Service._shell_begin,
    'shell_input': Service._shell_input,
}


def _available():
    """Bytes of memory that programs could still have."""
    with open('/proc/meminfo') as file:
        for line in file:
            if line.startswith('MemAvailable:'):
                return int(line.split()[1]) * 1024
    return None


def _uptime():
    with open('/proc/uptime') as file:
        return int(float(file.read().split()[0]) * 1000)
