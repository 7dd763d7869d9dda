'use strict';

const assert = require('node:assert/strict');
const net = require('node:net');
const { collect, connect, next, once, pair, replace, startServer, test } = require('../support');

const PATIENT = { reconnectionDelay: 100000, reconnectionDelayMax: 100000 };

/** A port where nobody listens, on a server that was there a moment ago. */
async function deadPort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

for (const transports of [['polling'], ['websocket'], ['polling', 'websocket']]) {
  test(`reconnect: a server that goes and comes back finds its client again: ${transports}`, async (t) => {
    const { server, socket } = await pair(t, {}, { transports });
    const before = socket.id;
    const log = [];
    socket.io.on('reconnect_attempt', (n) => log.push(`attempt ${n}`));
    socket.io.on('reconnect_error', (error) => log.push(error instanceof Error && 'error'));
    socket.io.on('reconnect', (n) => log.push(`reconnect ${n}`));
    const lost = next(socket, 'disconnect');
    const failed = next(socket.io, 'reconnect_error');
    await server.stop();
    assert.match((await lost)[0], /^transport (close|error)$/);
    await failed;
    assert.equal(socket.active, true);
    socket.emit('buffered', 1);
    const back = next(socket, 'connect');
    const again = await startServer(t, {}, server.port);
    const [peer] = await next(again.io, 'connection');
    assert.deepEqual(await next(peer, 'buffered'), [1]);
    await back;
    assert.notEqual(socket.id, before);
    const attempts = log.filter((line) => /^attempt/.test(line));
    assert.deepEqual(attempts, attempts.map((_, i) => `attempt ${i + 1}`));
    assert.equal(log[1], 'error');
    assert.equal(log[log.length - 1], `reconnect ${attempts.length}`);
  });
}

test('reconnect: a server that is not there at first is found later', async (t) => {
  const port = await deadPort();
  const socket = connect(t, `http://127.0.0.1:${port}`);
  const [error] = await next(socket, 'connect_error');
  assert.equal(error.type, 'TransportError');
  assert.equal(error.code, 'transport.polling');
  assert.match(error.message, new RegExp(`^polling: no answer from http://127.0.0.1:${port}/socket.io/ \\(`));
  await next(socket.io, 'reconnect_error');
  await Promise.all([startServer(t, {}, port), next(socket, 'connect')]);
});

test('reconnect: false gives one error and stays away', async (t) => {
  const socket = connect(t, `http://127.0.0.1:${await deadPort()}`, { reconnection: false });
  socket.io.on('reconnect_attempt', () => assert.fail('not wanted'));
  await next(socket, 'connect_error');
  assert.equal(socket.io._reconnecting, false);
  const again = next(socket, 'connect_error');
  socket.connect();
  await again;
});

test('reconnect: false counts after a loss too', async (t) => {
  const { peer, socket } = await pair(t, {}, { reconnection: false });
  const lost = next(socket, 'disconnect');
  peer.conn.close(true);
  assert.equal((await lost)[0], 'transport close');
  assert.equal(socket.io._reconnecting, false);
});

test('reconnect: reconnectionAttempts is the end of it', async (t) => {
  const socket = connect(t, `http://127.0.0.1:${await deadPort()}`, { reconnectionAttempts: 3 });
  const attempts = [];
  let errors = 0;
  socket.io.on('reconnect_attempt', (n) => attempts.push(n));
  socket.on('connect_error', () => errors++);
  await next(socket.io, 'reconnect_failed');
  assert.deepEqual(attempts, [1, 2, 3]);
  assert.equal(errors, 4);
  const again = next(socket.io, 'reconnect_failed');
  socket.connect();
  await again;
  assert.equal(attempts.length, 6);
});

test('reconnect: the delay doubles up to its limit, with jitter around it', async (t) => {
  const delays = async (random, options) => {
    const port = await deadPort();
    const waits = [];
    let armed = false;
    const real = replace(t, global, 'setTimeout', (fn, ms, ...args) => {
      if (!armed || ms === undefined || ms === 20000) return real(fn, ms, ...args);
      waits.push(ms);
      return real(fn, 0, ...args);
    });
    const realRandom = replace(t, Math, 'random', () => random);
    const socket = connect(t, `http://127.0.0.1:${port}`, options);
    armed = true;
    await next(socket.io, 'reconnect_failed');
    global.setTimeout = real;
    Math.random = realRandom;
    return waits.filter((ms) => ms >= 50);
  };
  const options = { reconnectionDelay: 100, reconnectionDelayMax: 1000, reconnectionAttempts: 6 };
  assert.deepEqual(await delays(0.5, options), [100, 200, 400, 800, 1000, 1000]);
  assert.deepEqual(await delays(0, options), [50, 100, 200, 400, 800, 1000]);
  assert.deepEqual(await delays(1, options), [150, 300, 600, 1000, 1000, 1000]);
  options.randomizationFactor = 0;
  assert.deepEqual(await delays(0, options), [100, 200, 400, 800, 1000, 1000]);
});

test('reconnect: the manager tells and takes the settings', (t) => {
  const { io } = connect(t, 'http://127.0.0.1:1', { autoConnect: false, reconnectionDelayMax: 7, timeout: 9 });
  assert.deepEqual([io.reconnectionDelayMax(), io.timeout(), io.reconnection()], [7, 9, true]);
  assert.equal(io.reconnectionDelay(5).reconnectionAttempts(6).randomizationFactor(0).reconnection(false), io);
  assert.deepEqual([io.reconnectionDelay(), io.reconnectionAttempts(), io.randomizationFactor(), io.reconnection()],
    [5, 6, 0, false]);
});

test('reconnect: disconnect() while it waits ends it', async (t) => {
  const socket = connect(t, `http://127.0.0.1:${await deadPort()}`, PATIENT);
  await next(socket, 'connect_error');
  assert.equal(socket.io._reconnecting, true);
  socket.disconnect();
  assert.equal(socket.io._reconnecting, false);
  assert.equal(socket.active, false);
  const again = next(socket, 'connect_error');
  socket.connect();
  await again;
});

test('reconnect: after disconnect() the attempts are counted from the start', async (t) => {
  const socket = connect(t, `http://127.0.0.1:${await deadPort()}`);
  await collect(socket.io, 'reconnect_attempt', 3);
  socket.disconnect();
  const attempt = next(socket.io, 'reconnect_attempt');
  socket.connect();
  assert.deepEqual(await attempt, [1]);
});

test('reconnect: connect() while it waits leaves it waiting', async (t) => {
  const socket = connect(t, `http://127.0.0.1:${await deadPort()}`, PATIENT);
  await next(socket, 'connect_error');
  socket.connect();
  assert.equal(socket.io._readyState, 'closed');
});

test('reconnect: manager.open() while it waits tries at once, and the loop goes on after it', async (t) => {
  const port = await deadPort();
  const socket = connect(t, `http://127.0.0.1:${port}`, PATIENT);
  await next(socket, 'connect_error');
  const failed = next(socket, 'connect_error');
  socket.io.open();
  await failed;
  assert.equal(socket.io._reconnecting, true);
  const server = await startServer(t, {}, port);
  socket.io.open();
  await Promise.all([next(server.io, 'connection'), next(socket, 'connect')]);
  assert.equal(socket.io._reconnecting, false);
});

test('reconnect: connect() inside connect_error starts a new attempt, not two', async (t) => {
  const port = await deadPort();
  const socket = connect(t, `http://127.0.0.1:${port}`);
  socket.once('connect_error', () => socket.io.open());
  await collect(socket, 'connect_error', 3);
  const server = await startServer(t, {}, port);
  let connections = 0;
  server.io.on('connection', () => connections++);
  await next(socket, 'connect');
  assert.equal(connections, 1);
});

test('reconnect: a handler of reconnect_attempt may call it off', async (t) => {
  const socket = connect(t, `http://127.0.0.1:${await deadPort()}`);
  const closed = new Promise((resolve) => socket.io.on('reconnect_attempt', () => {
    socket.disconnect();
    resolve();
  }));
  await closed;
  assert.equal(socket.io._readyState, 'closed');
  assert.equal(socket.io._reconnecting, false);
});

test('reconnect: timeout ends a connection attempt that nobody answers', async (t) => {
  const streams = [];
  const server = net.createServer((stream) => streams.push(stream)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    streams.forEach((stream) => stream.destroy());
  });
  for (const transports of [['polling'], ['websocket']]) {
    const url = `http://127.0.0.1:${server.address().port}`;
    const socket = connect(t, url, { timeout: 50, reconnection: false, transports });
    assert.equal((await next(socket, 'connect_error'))[0].message, 'timeout');
    assert.equal(socket.io.engine.readyState, 'closed');
  }
});

test('reconnect: manager events tell of opening and closing', async (t) => {
  const server = await startServer(t);
  const socket = connect(t, server.url);
  await next(socket.io, 'open');
  await next(socket, 'connect');
  const closed = next(socket.io, 'close');
  server.io.disconnectSockets(true);
  assert.equal((await closed)[0], 'forced close');
  const failing = connect(t, `http://127.0.0.1:${await deadPort()}`, { reconnection: false });
  assert.ok((await next(failing.io, 'error'))[0] instanceof Error);
});

test('reconnect: manager.open calls back with the outcome', async (t) => {
  const server = await startServer(t);
  const good = connect(t, server.url, { autoConnect: false });
  assert.equal(await new Promise((resolve) => good.io.open(resolve)), undefined);
  const bad = connect(t, `http://127.0.0.1:${await deadPort()}`, { autoConnect: false });
  bad.io.on('reconnect_attempt', () => assert.fail('who calls with a callback decides'));
  assert.ok(await new Promise((resolve) => bad.io.open(resolve)) instanceof Error);
});

test('reconnect: all namespaces come back', async (t) => {
  const server = await startServer(t);
  server.io.of('/a');
  const sockets = ['', '/a'].map((nsp) => connect(t, server.url + nsp, { forceNew: false }));
  await Promise.all(sockets.map((socket) => next(socket, 'connect')));
  const back = Promise.all(sockets.map((socket) => next(socket, 'connect')));
  const lost = Promise.all(sockets.map((socket) => next(socket, 'disconnect')));
  server.io.engine.close();
  await lost;
  await back;
});

test('reconnect: connect_error tells of a connection that was lost before the namespace answered', async (t) => {
  const server = await startServer(t);
  const waiting = new Promise((resolve) => server.io.use((peer) => resolve(peer)));
  const socket = connect(t, server.url, { reconnection: false });
  socket.on('disconnect', () => assert.fail('it never was connected'));
  const failed = next(socket, 'connect_error');
  (await waiting).conn.close(true);
  assert.match((await failed)[0].message, /^transport close before the namespace \/ answered/);
});
