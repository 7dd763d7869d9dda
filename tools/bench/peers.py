"""The servers that are compared: the same small app on each. GET / says hello; `req`, `chat` and `bin` are events."""

import importlib.util
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NODE_MODULES = ROOT / 'host_tests' / 'node' / 'node_modules'

EDGEIO = """
import os
from edgeio import http, iosched, socket
from edgeio.socketio import Server
web = http.create_server('bench', lambda req, res: res.end('hello'), 0,
                         socket.sockaddr('127.0.0.1', int(os.environ['PORT'])))
io = Server(web)
@io.on('connection')
def connection(client):
    client.on('req', lambda msg, ack: ack('hello world'))
    client.on('chat', lambda msg: io.emit('chat', msg))
    client.on('bin', lambda data, ack: ack(data))
web.start()
while True:
    iosched.poll(50)
"""

NODE = """
const http = require('http').createServer((req, res) => res.end('hello'));
const io = new (require('socket.io').Server)(http, { maxHttpBufferSize: 1e6 });
io.on('connection', (client) => {
  client.on('req', (msg, ack) => ack('hello world'));
  client.on('chat', (msg) => io.emit('chat', msg));
  client.on('bin', (data, ack) => ack(data));
});
http.listen(process.env.PORT, '127.0.0.1');
"""

PYTHON_SOCKETIO = """
import os, socketio, uvicorn
sio = socketio.AsyncServer(async_mode='asgi')
@sio.event
async def req(sid, msg):
    return 'hello world'
@sio.event
async def chat(sid, msg):
    await sio.emit('chat', msg)
@sio.on('bin')
async def binary(sid, data):
    return data
async def hello(scope, receive, send):
    if scope['type'] == 'lifespan':
        return
    await send({'type': 'http.response.start', 'status': 200, 'headers': [(b'content-length', b'5')]})
    await send({'type': 'http.response.body', 'body': b'hello'})
uvicorn.run(socketio.ASGIApp(sio, hello), host='127.0.0.1', port=int(os.environ['PORT']), log_level='error')
"""


def find_peers(names=None):
    """{name: (command, environment)} of the servers that are installed here, edgeio first.

    names: only these. ValueError for one that is not known or not installed, saying how to get it.
    """
    found = {'edgeio': ([sys.executable, '-c', EDGEIO], {'PYTHONPATH': str(ROOT)})}
    if shutil.which('node') and (NODE_MODULES / 'socket.io').exists():
        found['node socket.io'] = (['node', '-e', NODE], {'NODE_PATH': str(NODE_MODULES)})
    if all(importlib.util.find_spec(name) for name in ('socketio', 'uvicorn')):
        found['python-socketio'] = ([sys.executable, '-c', PYTHON_SOCKETIO], {})
    for name in names or ():
        if name not in found:
            raise ValueError(
                f'{name!r} is not installed here; found: {", ".join(found)}. node socket.io comes with '
                'python3 tools/test.py, python-socketio with pip install python-socketio uvicorn websockets uvloop'
            )
    return {name: found[name] for name in names} if names else found
