'use strict';

const assert = require('node:assert/strict');
const { collect, connect, next, once, pair, replace, startServer, test, uncaught } = require('../support');

/** A server that does `refuse(request, stream)` with each websocket handshake. */
async function withoutWebsocket(t, refuse) {
  const server = await startServer(t);
  server.http.removeAllListeners('upgrade');
  server.http.on('upgrade', refuse);
  server.io.on('connection', (peer) => peer.on('echo', (value, answer) => answer(value)));
  return server;
}

/** Lets websocket handshakes pass when the promise is settled. */
function delayUpgrade(server, settled) {
  const [upgrade] = server.http.listeners('upgrade');
  server.http.removeAllListeners('upgrade');
  server.http.on('upgrade', (...args) => settled.then(() => upgrade(...args)));
}

test('transports: polling first, then the upgrade', async (t) => {
  const server = await startServer(t);
  const served = next(server.io, 'connection');
  const socket = connect(t, server.url);
  assert.equal(socket.io.engine.transport.name, 'polling');
  const upgraded = next(socket.io.engine, 'upgrade');
  const [[peer], [transport]] = await Promise.all([served, upgraded, next(socket, 'connect')]);
  assert.equal(transport.name, 'websocket');
  assert.equal(socket.io.engine.transport.name, 'websocket');
  peer.on('echo', (value, answer) => answer(value));
  assert.equal(await socket.emitWithAck('echo', 'by websocket'), 'by websocket');
  assert.equal(peer.conn.transport.name, 'websocket');
});

for (const name of ['polling', 'websocket']) {
  test(`transports: ${name} alone`, async (t) => {
    const { peer, socket } = await pair(t, {}, { transports: [name] });
    peer.on('echo', (value, answer) => answer(value));
    for (let n = 0; n < 20; n++) assert.equal(await socket.emitWithAck('echo', n), n);
    assert.equal(peer.conn.transport.name, name);
    assert.equal(socket.io.engine.transport.name, name);
  });
}

test('transports: upgrade false stays with polling', async (t) => {
  replace(t, global, 'WebSocket', () => assert.fail('no WebSocket is wanted'));
  const { peer, socket } = await pair(t, {}, { upgrade: false });
  peer.on('echo', (value, answer) => answer(value));
  for (let n = 0; n < 20; n++) assert.equal(await socket.emitWithAck('echo', n), n);
});

test('transports: the order of the option counts', async (t) => {
  const { socket } = await pair(t, {}, { transports: ['websocket', 'polling'] });
  assert.equal(socket.io.engine.transport.name, 'websocket');
});

test('transports: messages keep their order across the upgrade, both ways', async (t) => {
  const server = await startServer(t);
  const count = 1000;
  server.io.on('connection', (peer) => {
    peer.on('up', (n) => peer.emit('down', n));
  });
  const socket = connect(t, server.url);
  const upgraded = next(socket.io.engine, 'upgrade');
  const got = collect(socket, 'down', count);
  for (let n = 0; n < count; n++) {
    socket.emit('up', n);
    if (n % 10 === 0) await new Promise(setImmediate);
  }
  await upgraded;
  assert.deepEqual((await got).map(([n]) => n), Array.from({ length: count }, (_, n) => n));
});

test('transports: a blocked websocket leaves everything to polling', async (t) => {
  const server = await withoutWebsocket(t, (request, stream) => stream.destroy());
  const socket = connect(t, server.url);
  const [[error]] = await Promise.all([next(socket.io.engine, 'upgradeError'), next(socket, 'connect')]);
  assert.equal(error.type, 'TransportError');
  assert.equal(error.code, 'transport.websocket');
  assert.match(error.message, /^websocket: no connection to ws:\/\/127/);
  for (let n = 0; n < 5; n++) assert.equal(await socket.emitWithAck('echo', n), n);
  assert.equal(socket.io.engine.transport.name, 'polling');
});

test('transports: a websocket handshake that is never answered disturbs nothing', async (t) => {
  const streams = [];
  const server = await withoutWebsocket(t, (request, stream) => streams.push(stream));
  const socket = connect(t, server.url);
  const asked = once(server.http, 'upgrade');
  await Promise.all([asked, next(socket, 'connect')]);
  for (let n = 0; n < 5; n++) assert.equal(await socket.emitWithAck('echo', n), n);
  const gone = once(streams[0], 'end');
  streams[0].resume();
  socket.disconnect();
  await gone;
  streams[0].destroy();
});

test('transports: a websocket that is closed during the change-over leaves everything to polling', async (t) => {
  const server = await startServer(t);
  const connected = next(server.io, 'connection');
  delayUpgrade(server, connected);
  // `close` lets the probe's answer out first. The parked poll is released later, so that the change-over still waits.
  server.io.engine.on('connection', (conn) => conn.on('upgrading', (transport) => transport.socket.close()));
  const socket = connect(t, server.url);
  const { engine } = socket.io;
  const steps = [];
  engine.on('upgrading', () => steps.push('upgrading'));
  await next(engine, 'upgradeError');
  (await connected)[0].on('echo', (value, answer) => answer(value));
  for (let n = 0; n < 5; n++) assert.equal(await socket.emitWithAck('echo', n), n);
  assert.deepEqual(steps, ['upgrading']);
  assert.equal(engine.transport.name, 'polling');
});

test('transports: disconnect() during the change-over sends what was emitted, then closes on both sides', async (t) => {
  const server = await startServer(t);
  const served = next(server.io, 'connection');
  const socket = connect(t, server.url);
  const both = Promise.all([served, next(socket, 'connect')]);
  delayUpgrade(server, both);
  const { engine } = socket.io;
  const closed = next(engine, 'close');
  engine.once('upgrading', () => {
    socket.emit('last');
    socket.disconnect();
  });
  const [[peer]] = await both;
  const got = [];
  peer.conn.on('packet', (packet) => { if (packet.type === 'message') got.push(packet.data); });
  assert.equal((await next(peer, 'disconnect'))[0], 'client namespace disconnect');
  assert.equal((await closed)[0], 'forced close');
  assert.deepEqual(got, ['2["last"]', '1']);
});

test('transports: rememberUpgrade begins with websocket the next time', async (t) => {
  const server = await startServer(t);
  const options = { rememberUpgrade: true };
  const first = connect(t, server.url);
  await next(first.io.engine, 'upgrade');
  const second = connect(t, server.url, options);
  assert.equal(second.io.engine.transport.name, 'websocket');
  await next(second, 'connect');
  assert.equal(connect(t, server.url).io.engine.transport.name, 'polling');
});

test('transports: a remembered websocket that fails is forgotten', async (t) => {
  const server = await startServer(t);
  const first = connect(t, server.url);
  await next(first.io.engine, 'upgrade');
  const blocked = await withoutWebsocket(t, (request, stream) => stream.destroy());
  const second = connect(t, blocked.url, { rememberUpgrade: true });
  assert.equal(second.io.engine.transport.name, 'websocket');
  await next(second, 'connect_error');
  await next(second, 'connect');
  assert.equal(second.io.engine.transport.name, 'polling');
});

test('transports: without a WebSocket in the runtime polling goes on', async (t) => {
  replace(t, global, 'WebSocket', undefined);
  const server = await startServer(t);
  const socket = connect(t, server.url);
  const [[error]] = await Promise.all([next(socket.io.engine, 'upgradeError'), next(socket, 'connect')]);
  assert.match(error.message, /not a constructor/);
  const alone = connect(t, server.url, { transports: ['websocket'], reconnection: false });
  assert.match((await next(alone, 'connect_error'))[0].message, /^websocket: no connection to/);
});

test('transports: what is emitted in one turn shares a request, attachments included', async (t) => {
  const { peer, server, socket } = await pair(t, {}, { transports: ['polling'] });
  let posts = 0;
  server.http.on('request', (request) => { if (request.method === 'POST') posts++; });
  const got = collect(peer, 'x', 3);
  socket.emit('x', Uint8Array.from([1])).emit('x', 2).emit('x', [Uint8Array.from([3]), new Uint8Array(0)]);
  await got;
  assert.equal(posts, 1);
});

test('transports: payloads stay within maxPayload', async (t) => {
  const sizes = [];
  const { peer, server, socket } = await pair(t, { maxHttpBufferSize: 1000 }, { transports: ['polling'] });
  server.http.on('request', (request) => sizes.push(Number(request.headers['content-length'] || 0)));
  const got = collect(peer, 'part', 60);
  const sent = [];
  for (let n = 0; n < 20; n++) {
    sent.push(['é'.repeat(50 + n)], ['x'.repeat(n)], [n]);
  }
  for (const args of sent) socket.emit('part', ...args);
  assert.deepEqual(await got, sent);
  assert.ok(sizes.every((size) => size <= 1000), `sizes: ${sizes}`);
  assert.ok(sizes.some((size) => size > 800), `sizes: ${sizes}`);
});

test('transports: payloads with binary stay within maxPayload, and fill it', async (t) => {
  const sizes = [];
  const { peer, server, socket } = await pair(t, { maxHttpBufferSize: 1000 }, { transports: ['polling'] });
  server.http.on('request', (request) => sizes.push(Number(request.headers['content-length'] || 0)));
  const got = collect(peer, 'part', 30);
  for (let n = 0; n < 30; n++) socket.emit('part', n % 2 ? new Uint8Array(40 + n) : new Blob([new Uint8Array(40 + n)]));
  assert.deepEqual((await got).map(([data]) => data.length), Array.from({ length: 30 }, (_, n) => 40 + n));
  assert.ok(sizes.every((size) => size <= 1000), `sizes: ${sizes}`);
  assert.ok(sizes.some((size) => size > 700), `sizes: ${sizes}`);
});

test('transports: engine events tell of the packets', async (t) => {
  const { peer, socket } = await pair(t, {}, { transports: ['websocket'] });
  const { engine } = socket.io;
  const seen = [];
  engine.on('packet', (packet) => seen.push(packet));
  engine.on('packetCreate', (packet) => seen.push(packet));
  const drained = next(engine, 'drain');
  socket.emit('up');
  await drained;
  peer.emit('down');
  await next(socket, 'down');
  assert.deepEqual(seen, [{ type: 'message', data: '2["up"]' }, { type: 'message', data: '2["down"]' }]);
  assert.equal(typeof engine.id, 'string');
});

test('transports: the heartbeat is answered, and told', async (t) => {
  for (const transports of [['polling'], ['websocket']]) {
    const { peer, socket } = await pair(t, { pingInterval: 20, pingTimeout: 5000 }, { transports });
    await collect(socket.io, 'ping', 3);
    assert.equal(peer.connected, true);
    assert.equal(socket.connected, true);
  }
});

test('transports: each ping of the server is a new lease', async (t) => {
  const { socket } = await pair(t, { pingInterval: 20, pingTimeout: 20000 });
  let ahead = 0;
  const now = replace(t, Date, 'now', () => now.call(Date) + ahead);
  for (let n = 0; n < 3; n++) {
    ahead += 15000;
    assert.equal(socket.io.engine.alive(), true);
    await next(socket.io, 'ping');
  }
});

test('transports: a server that stops pinging is gone after pingInterval + pingTimeout', async (t) => {
  for (const transports of [['polling'], ['websocket']]) {
    const { peer, socket } = await pair(t, { pingInterval: 100, pingTimeout: 100 }, { transports });
    clearTimeout(peer.conn.pingIntervalTimer);
    const again = next(socket, 'connect');
    assert.deepEqual(await next(socket, 'disconnect'), ['ping timeout', undefined]);
    await again;
  }
});

test('transports: after a sleep longer than the heartbeat an emit waits for the new connection', async (t) => {
  const { peer, server, socket } = await pair(t);
  let lost = null;
  peer.on('after', () => { lost = 'went into the dead connection'; });
  const served = next(server.io, 'connection');
  const now = replace(t, Date, 'now', () => now.call(Date) + 3600000);
  socket.emit('after', 1);
  assert.equal((await next(socket, 'disconnect'))[0], 'ping timeout');
  const [[second]] = await Promise.all([served]);
  assert.deepEqual(await next(second, 'after'), [1]);
  assert.equal(lost, null);
});

test('transports: a handler that throws is reported and harms nobody else', async (t) => {
  const reported = uncaught(t);
  const { peer, socket } = await pair(t);
  socket.on('event', () => { throw new Error('mine'); });
  const second = next(socket, 'event');
  peer.emit('event', 1);
  assert.deepEqual(await second, [1]);
  peer.on('echo', (answer) => answer('still there'));
  assert.equal(await socket.emitWithAck('echo'), 'still there');
  assert.equal((await reported).message, 'mine');
});
