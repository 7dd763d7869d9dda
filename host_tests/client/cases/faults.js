'use strict';

const assert = require('node:assert/strict');
const http = require('node:http');
const { HANDSHAKE, connect, next, once, pair, startRawServer, startServer, test } = require('../support');

/** A raw server that says `first` after the handshake and CONNECT, to clients that came by websocket. */
async function garbled(t, ...chunks) {
  const port = await startRawServer(t, (ws) => {
    ws.send(HANDSHAKE);
    ws.on('message', (text) => {
      if (!String(text).startsWith('40')) return;
      ws.send('40{"sid":"x"}');
      for (const chunk of chunks) ws.send(chunk);
    });
  });
  return connect(t, `http://127.0.0.1:${port}`, { transports: ['websocket'], reconnection: false });
}

const GARBAGE = {
  'an Engine.IO type that is not one': ['9'],
  'base64 that is not': ['b$$$'],
  'a Socket.IO type that is not one': ['47'],
  'an event without arguments': ['42'],
  'an event that is no array': ['42{}'],
  'an event without a name': ['42[]'],
  'an event with a reserved name': ['42["connect"]'],
  'JSON that is cut off': ['42["a"'],
  'an acknowledgement without id': ['43["a"]'],
  'a connect error without anything': ['44'],
  'a disconnect with data': ['41{}'],
  'an attachment nobody announced': [Buffer.from([1])],
  'text where an attachment is due': ['451-["a",{"_placeholder":true,"num":0}]', '42["b"]'],
  'a placeholder beyond the attachments': ['451-["a",{"_placeholder":true,"num":1}]', Buffer.from([1])],
  'a placeholder that is no number': ['451-["a",{"_placeholder":true,"num":"length"}]', Buffer.from([1])],
  'a binary event without a count': ['45["a"]'],
};

for (const name of Object.keys(GARBAGE)) {
  test(`faults: ${name} is a parse error`, async (t) => {
    const socket = await garbled(t, ...GARBAGE[name]);
    const [reason, detail] = await next(socket, 'disconnect');
    assert.equal(reason, 'parse error');
    assert.ok(detail instanceof Error);
  });
}

test('faults: a parse error is followed by a new connection', async (t) => {
  let times = 0;
  const port = await startRawServer(t, (ws) => {
    ws.send(HANDSHAKE);
    ws.on('message', (text) => {
      if (!String(text).startsWith('40')) return;
      ws.send('40{"sid":"x"}');
      ws.send(times++ ? '42["fine"]' : '42');
    });
  });
  const socket = connect(t, `http://127.0.0.1:${port}`, { transports: ['websocket'] });
  await next(socket, 'fine');
});

test('faults: attachments after a loss are not taken for those of the packet before it', async (t) => {
  let times = 0;
  const port = await startRawServer(t, (ws) => {
    ws.send(HANDSHAKE);
    ws.on('message', (text) => {
      if (!String(text).startsWith('40')) return;
      ws.send('40{"sid":"x"}');
      if (times++) ws.send('42["fine"]');
      else {
        ws.send('451-["half",{"_placeholder":true,"num":0}]');
        ws.close();
      }
    });
  });
  const socket = connect(t, `http://127.0.0.1:${port}`, { transports: ['websocket'] });
  socket.on('half', () => assert.fail('its attachment never came'));
  await next(socket, 'fine');
});

for (const handshake of ['0', '0{}', '0null', '0{"sid":"x"}', '0{"sid":"x","pingInterval":"a","pingTimeout":1}']) {
  test(`faults: the handshake ${handshake} is refused with what was seen`, async (t) => {
    const port = await startRawServer(t, (ws) => ws.send(handshake));
    const socket = connect(t, `http://127.0.0.1:${port}`, { transports: ['websocket'], reconnection: false });
    const [error] = await next(socket, 'connect_error');
    assert.match(error.message, /^engine: seen handshake .*, expected sid, pingInterval and pingTimeout$/);
  });
}

test('faults: a heartbeat longer than a timer can be is no time-out', async (t) => {
  const port = await startRawServer(t, (ws) => {
    ws.send('0{"sid":"raw","upgrades":[],"pingInterval":4294967296,"pingTimeout":20000}');
    ws.on('message', (text) => {
      if (String(text) === '40') ws.send('40{"sid":"x"}');
      else ws.send('42["still here"]');
    });
  });
  const socket = connect(t, `http://127.0.0.1:${port}`, { transports: ['websocket'] });
  socket.on('disconnect', (reason) => assert.fail(reason));
  await next(socket, 'connect');
  await new Promise(setImmediate);
  socket.emit('x');
  await next(socket, 'still here');
  socket.off('disconnect');
});

test('faults: a server that closes before the handshake is an error', async (t) => {
  const port = await startRawServer(t, (ws) => ws.close());
  const socket = connect(t, `http://127.0.0.1:${port}`, { transports: ['websocket'], reconnection: false });
  assert.match((await next(socket, 'connect_error'))[0].message, /^websocket: transport close before the handshake$/);
});

test('faults: a server of Socket.IO 2 is named', async (t) => {
  const port = await startRawServer(t, (ws) => {
    ws.send(HANDSHAKE);
    ws.send('40');
  });
  const socket = connect(t, `http://127.0.0.1:${port}`, { transports: ['websocket'] });
  assert.match((await next(socket, 'connect_error'))[0].message, /Socket\.IO 2\.x server.*expected 3\.x or 4\.x/);
});

test('faults: an event before the answer to CONNECT waits for it', async (t) => {
  const port = await startRawServer(t, (ws) => {
    ws.send(HANDSHAKE);
    ws.once('message', () => {
      ws.send('42["early",1]');
      ws.send('40{"sid":"x"}');
    });
  });
  const socket = connect(t, `http://127.0.0.1:${port}`, { transports: ['websocket'] });
  let connected;
  socket.on('early', () => { connected = socket.connected; });
  await next(socket, 'connect');
  assert.equal(connected, true);
});

test('faults: packets for a namespace that nobody joined are ignored', async (t) => {
  const socket = await garbled(t, '42/else,["x"]', '40/else,{"sid":"y"}', '43/else,7[]', '437[]', '42["after"]');
  socket.on('x', () => assert.fail('not for this namespace'));
  await next(socket, 'after');
});

test('faults: an HTTP error is told with status and text', async (t) => {
  const server = await startServer(t, { allowRequest: (request, decide) => decide('not today', false) });
  const refused = connect(t, server.url, { reconnection: false });
  const [error] = await next(refused, 'connect_error');
  assert.equal(error.message, 'polling: seen status 403 {"code":4,"message":"not today"}, expected 200');
  assert.equal(error.description, 403);
  assert.equal(JSON.parse(error.context).code, 4);
  const lost = connect(t, server.url, { reconnection: false, path: '/elsewhere' });
  assert.match((await next(lost, 'connect_error'))[0].message, /seen status 404 nothing here/);
});

test('faults: a page instead of a handshake is a clear error', async (t) => {
  const server = http.createServer((request, response) => response.end('<html>')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const socket = connect(t, `http://127.0.0.1:${server.address().port}`, { reconnection: false });
  assert.match((await next(socket, 'connect_error'))[0].message, /engine: seen packet "<html>", expected a type/);
});

test('faults: too large a message ends the connection: websocket', async (t) => {
  const { peer, socket } = await pair(t, { maxHttpBufferSize: 1000 }, { transports: ['websocket'] });
  peer.conn.on('error', () => {});
  const lost = next(socket, 'disconnect');
  socket.emit('big', 'x'.repeat(2000));
  const [reason, detail] = await lost;
  assert.equal(reason, 'transport close');
  assert.equal(detail.context.code, 1009);
});

test('faults: too large a message ends the connection: polling', async (t) => {
  const { socket } = await pair(t, { maxHttpBufferSize: 1000 }, { transports: ['polling'] });
  const lost = next(socket, 'disconnect');
  socket.emit('big', 'x'.repeat(2000));
  const [reason, error] = await lost;
  assert.equal(reason, 'transport error');
  assert.match(error.message, /seen status 413/);
});

test('faults: a session that the server forgot is a transport error, and a new one follows', async (t) => {
  const { peer, server, socket } = await pair(t, {}, { transports: ['polling'] });
  const lost = next(socket, 'disconnect');
  const back = next(socket, 'connect');
  delete server.io.engine.clients[socket.io.engine.id];
  socket.emit('x');
  const [reason, error] = await lost;
  assert.equal(reason, 'transport error');
  assert.match(error.message, /Session ID unknown/);
  await back;
  peer.conn.close(true);
});

test('faults: a websocket that is cut is a transport close', async (t) => {
  const { peer, socket } = await pair(t, {}, { transports: ['websocket'] });
  const lost = next(socket, 'disconnect');
  peer.conn.transport.socket.terminate();
  const [reason, detail] = await lost;
  assert.equal(reason, 'transport close');
  assert.equal(detail.context.code, 1006);
});

test('faults: a disconnect in a handler stops the rest of the same payload', async (t) => {
  const { peer, socket } = await pair(t, {}, { transports: ['polling'] });
  const seen = [];
  socket.on('n', (n) => {
    seen.push(n);
    socket.disconnect();
  });
  const left = next(peer, 'disconnect');
  for (let n = 0; n < 5; n++) peer.emit('n', n);
  await left;
  assert.deepEqual(seen, [0]);
});
