"""The chat app on the board, as its owner would run it: put there over the serial line, started by init, used with
the official client, killed, and seen to come back."""

import http.client
import json
import os
import queue
import shutil
import subprocess
import threading
import time
from pathlib import Path

from . import build

APP = build.ROOT / 'board' / 'apps' / 'chat'

GUEST_PORT = 8000

PATIENCE = 90
"""Seconds after which something that was to come is called missing."""

RUN = """#!/bin/sh
cd /opt/edgeio && exec python3 -m edgeio run /opt/app/chat
"""


class ChatError(Exception):
    """The chat did not behave; the text says what was seen and what was expected."""


NODE_MODULES = os.environ.get('EDGEIO_NODE_MODULES') or build.ROOT / 'host_tests' / 'node' / 'node_modules'


class Person:
    """Somebody at the chat page: the official client in a process of its own."""

    def __init__(self, port, client='chat_client.js'):
        script = build.ROOT / 'firmware_tests' / 'emulator' / client
        self._process = subprocess.Popen(
            ['node', script, f'http://127.0.0.1:{port}'],
            env={**os.environ, 'NODE_PATH': str(NODE_MODULES)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        self._events = queue.Queue()
        self._seen = []
        threading.Thread(target=self._read, daemon=True).start()

    def say(self, text):
        """Sends a chat message."""
        self._process.stdin.write(text + '\n')

    def expect(self, event, value=None):
        """Waits for `event` (its value containing `value`); its value. Other events stay for later calls."""
        deadline = time.monotonic() + PATIENCE
        while True:
            for seen in self._seen:
                if seen[0] == event and (value is None or value in seen[1]):
                    self._seen.remove(seen)
                    return seen[1]
            try:
                seen = self._events.get(timeout=max(0.1, deadline - time.monotonic()))
            except queue.Empty:
                raise ChatError(f'{event} {value or ""} did not come; what came: {self._seen}') from None
            if seen is None:
                raise ChatError(f'the client ended (code {self._process.wait()}) and {event} had not come')
            self._seen.append(seen)

    def leave(self):
        """Closes the page."""
        self._process.stdin.close()
        self._process.wait(PATIENCE)
        self._process.stdout.close()

    def _read(self):
        for line in self._process.stdout:
            self._events.put(json.loads(line))
        self._events.put(None)


def check_app_is_put_on_the_board_byte_for_byte(machine):
    machine.console.run('mkdir -p /opt/app/chat')
    for path in sorted(APP.iterdir()):
        if path.is_file():
            machine.console.push(path.read_bytes(), f'/opt/app/chat/{path.name}')
    machine.console.push(RUN.encode(), '/opt/app/run.new')
    machine.console.run('chmod +x /opt/app/run.new && mv /opt/app/run.new /opt/app/run')


def check_init_starts_it_and_it_serves_its_page(machine):
    page = _get(machine, '/index.html')
    if page != (APP / 'index.html').read_bytes():
        raise ChatError(f'the page is another one: {page[:200]!r}')
    if _get(machine, '/') != b'This is socket.io test server.':
        raise ChatError('/ is not answered as the app says')


def check_two_people_talk(machine):
    port = machine.forward(GUEST_PORT)
    first = Person(port)
    first_id = first.expect('connect')
    first.expect('answer', 'hello world')
    second = Person(port)
    second_id = second.expect('connect')
    first.expect('hi', second_id)
    first.say('good morning')
    expected = f'client_{first_id} says: good morning'
    for person in (first, second):
        seen = person.expect('chat')
        if seen != expected:
            raise ChatError(f'{seen!r} came instead of {expected!r}')
        person.expect('upgrade', 'websocket')
    for person in (first, second):
        person.leave()


def check_it_comes_back_when_it_is_killed(machine):
    person = Person(machine.forward(GUEST_PORT))
    first_id = person.expect('connect')
    before = _process_id(machine)
    machine.console.run(f'kill -9 {before}')
    person.expect('disconnect', 'transport')
    if person.expect('connect') == first_id:
        raise ChatError('the client has its old id: the app was not killed')
    person.expect('answer', 'hello world')
    if _process_id(machine) == before:
        raise ChatError('the same process is there')
    person.leave()


def check_it_fits_into_the_boards_memory(machine):
    _, output = machine.console.run(f'grep VmRSS /proc/{_process_id(machine)}/status; free | sed -n 2p')
    print('memory: ' + ' '.join(output.split()))
    _, killed = machine.console.run('dmesg | grep -c "Out of memory"')
    if killed.split() != ['0']:
        raise ChatError('the kernel has ended processes for want of memory')


CHECKS = (
    check_app_is_put_on_the_board_byte_for_byte,
    check_init_starts_it_and_it_serves_its_page,
    check_two_people_talk,
    check_it_comes_back_when_it_is_killed,
    check_it_fits_into_the_boards_memory,
)
"""In this order: each stands on the one before."""


def require_client():
    """Raises TargetError where the official client cannot be run."""
    if shutil.which('node') is None or not Path(NODE_MODULES, 'socket.io-client-4').exists():
        raise build.TargetError(
            f'the chat is tested with the official client: Node.js, and socket.io-client-4 in {NODE_MODULES}; '
            'this sets both up: python3 tools/test.py --setup'
        )


def run(machine):
    """Runs the checks on `machine`; (passed, failed)."""
    for number, check in enumerate(CHECKS):
        name = check.__name__.removeprefix('check_')
        try:
            check(machine)
        except Exception as exc:
            print(f'FAILED chat.{name}\n{type(exc).__name__}: {exc}')
            print(machine.console.run('tail -n 40 /run/app.log')[1])
            return number, len(CHECKS) - number
        build.say(f'chat: {name.replace("_", " ")}')
    print(f'{"chat":24} {len(CHECKS)} passed')
    return len(CHECKS), 0


def _get(machine, path):
    """The body of `path`, as soon as the app gives a whole answer: a connection may be taken before it listens."""
    deadline = time.monotonic() + PATIENCE
    while True:
        connection = http.client.HTTPConnection('127.0.0.1', machine.forward(GUEST_PORT), timeout=20)
        try:
            connection.request('GET', path)
            answer = connection.getresponse()
            body = answer.read()
            if answer.status != 200:
                raise ChatError(f'{path} is answered with {answer.status}: {body[:200]!r}')
            return body
        except (OSError, http.client.HTTPException) as exc:
            if time.monotonic() > deadline:
                raise ChatError(f'{path} is not answered: {exc!r}') from None
            time.sleep(0.2)
        finally:
            connection.close()


def _process_id(machine):
    _, output = machine.console.run('pidof python3.11 || pidof python3')
    return output.split()[0]
