"""Autobahn's cases, every one of which must be OK: NON-STRICT and UNIMPLEMENTED are failures here.

The quick set is run every time. All of them (510 cases, some minutes): EDGEIO_ALL_AUTOBAHN=1.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ECHO = """
from edgeio import iosched, socket
from edgeio.websocket import WsServer

server = WsServer.create_server(
    '/', socket.sockaddr('127.0.0.1', 0), max_message=33554432, per_message_deflate={'threshold': 0},
    max_queued=67108864,
)
server.on('connection', lambda channel: channel.on('message', channel.send))
server.start()
print('{"port": %d}' % server.port())
iosched.forever()
"""

QUICK = {
    'framing, pings, reserved bits, opcodes': ['1.*', '2.*', '3.*', '4.*'],
    'fragments': ['5.*', '10.*'],
    'UTF-8': ['6.*'],
    'closing': ['7.*'],
    'large messages': ['9.1.1', '9.1.4', '9.2.1', '9.3.1', '9.3.8', '9.4.1', '9.5.1', '9.6.3', '9.7.2', '9.8.2'],
    'compression': ['12.1.1', '12.2.5', '12.4.12', '13.2.4', '13.3.13', '13.5.2', '13.6.5', '13.7.12'],
}
ALL = {number: [f'{number}.*'] for number in ('1', '2', '3', '4', '5', '6', '7', '9', '10', '12', '13')}
ALL_OF_THEM = os.environ.get('EDGEIO_ALL_AUTOBAHN') == '1'


@pytest.mark.parametrize('cases', (ALL if ALL_OF_THEM else QUICK).items(), ids=lambda group: group[0])
def test_every_case_is_strictly_ok(run_app, cases):
    app = run_app(ECHO)
    program = Path(__file__).with_name('autobahn.py')
    done = subprocess.run(
        [sys.executable, program, str(app.port), *cases[1]],
        text=True, capture_output=True, timeout=1800 if ALL_OF_THEM else 120,
    )
    assert done.returncode == 0, done.stderr
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(results) >= len(cases[1])
    # INFORMATIONAL: cases without a right answer, such as what follows a peer's invalid close.
    bad = [r for r in results if not {r['behavior'], r['close']} <= {'OK', 'INFORMATIONAL'}]
    assert not bad, '\n'.join(str(r) for r in bad)
