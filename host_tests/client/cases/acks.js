'use strict';

const assert = require('node:assert/strict');
const { connect, next, pair, startServer, test } = require('../support');

test('acks: the server acknowledges with several values', async (t) => {
  const { peer, socket } = await pair(t);
  peer.on('add', (a, b, answer) => answer(a + b, { a, b }));
  const got = new Promise((resolve) => socket.emit('add', 1, 2, (...values) => resolve(values)));
  assert.deepEqual(await got, [3, { a: 1, b: 2 }]);
  assert.equal(socket.acks.size, 0);
});

test('acks: the client acknowledges, once', async (t) => {
  const { peer, socket } = await pair(t);
  socket.on('ask', (n, answer) => {
    answer(n + 1, 'x');
    answer('again');
  });
  const sent = [];
  peer.conn.on('packet', (packet) => sent.push(packet.data));
  assert.equal(await peer.emitWithAck('ask', 1), 2);
  assert.equal(await peer.timeout(5000).emitWithAck('ask', 2), 3);
  assert.deepEqual(sent.filter((data) => /^3/.test(data)), ['30[2,"x"]', '31[3,"x"]']);
});

test('acks: emitWithAck gives a promise of the first value', async (t) => {
  const { peer, socket } = await pair(t);
  peer.on('echo', (value, answer) => answer(value, 'more'));
  assert.equal(await socket.emitWithAck('echo', 'v'), 'v');
  assert.deepEqual(await Promise.all([1, 2, 3].map((n) => socket.emitWithAck('echo', n))), [1, 2, 3]);
});

test('acks: timeout gives null first when the answer comes', async (t) => {
  const { peer, socket } = await pair(t);
  peer.on('echo', (value, answer) => answer(value, 2));
  const got = new Promise((resolve) => socket.timeout(5000).emit('echo', 1, (...values) => resolve(values)));
  assert.deepEqual(await got, [null, 1, 2]);
  assert.equal(await socket.timeout(5000).emitWithAck('echo', 'v'), 'v');
});

test('acks: timeout gives an error when no answer comes, and a late one is ignored', async (t) => {
  const { peer, socket } = await pair(t);
  const asked = next(peer, 'slow');
  const results = [];
  const error = await new Promise((resolve) => socket.timeout(20).emit('slow', (...values) => {
    results.push(values);
    resolve(values[0]);
  }));
  assert.equal(error.message, 'operation has timed out');
  (await asked)[0]('late');
  peer.emit('end');
  await next(socket, 'end');
  assert.equal(results.length, 1);
  await assert.rejects(socket.timeout(20).emitWithAck('slow'), /operation has timed out/);
});

test('acks: timeout counts for the next emit only', async (t) => {
  const { peer, socket } = await pair(t);
  peer.on('echo', (value, answer) => answer(value));
  socket.timeout(5000).emit('echo', 1, () => {});
  assert.deepEqual(await new Promise((resolve) => socket.emit('echo', 2, (...values) => resolve(values))), [2]);
});

test('acks: an emit that timed out before the connection is not sent', async (t) => {
  const server = await startServer(t);
  const served = next(server.io, 'connection');
  const socket = connect(t, server.url, { autoConnect: false });
  await assert.rejects(socket.timeout(5).emitWithAck('stale'), /timed out/);
  socket.emit('fresh');
  socket.connect();
  const [peer] = await served;
  const seen = [];
  peer.onAny((name) => seen.push(name));
  await next(peer, 'fresh');
  assert.deepEqual(seen, ['fresh']);
});

test('acks: ackTimeout is the timeout of every emit', async (t) => {
  const { peer, socket } = await pair(t, {}, { ackTimeout: 30 });
  await assert.rejects(socket.emitWithAck('nobody'), /timed out/);
  peer.on('echo', (value, answer) => answer(value));
  assert.deepEqual(await new Promise((resolve) => socket.emit('echo', 1, (...values) => resolve(values))), [null, 1]);
});

test('acks: a loss of the connection fails those that expect an error, and forgets the others', async (t) => {
  const { peer, socket } = await pair(t);
  const asked = next(peer, 'never');
  const results = [socket.emitWithAck('never'), socket.timeout(20000).emitWithAck('never')];
  socket.emit('never', () => assert.fail('no answer ever came'));
  await asked;
  const settled = Promise.allSettled(results);
  peer.conn.close(true);
  for (const { reason } of await settled) assert.equal(reason.message, 'socket has been disconnected');
  assert.equal(socket.acks.size, 0);
});

test('acks: an emit that waits for the connection keeps its acknowledgement', async (t) => {
  const { peer, server, socket } = await pair(t);
  server.io.on('connection', (again) => again.on('echo', (value, answer) => answer(value)));
  const lost = next(socket, 'disconnect');
  peer.conn.close(true);
  await lost;
  assert.equal(await socket.emitWithAck('echo', 'after'), 'after');
});

test('acks: an answer given after the connection was lost goes nowhere', async (t) => {
  const { peer, server, socket } = await pair(t);
  const asked = next(socket, 'ask');
  peer.emit('ask', () => {});
  const [answer] = await asked;
  const served = next(server.io, 'connection');
  peer.conn.close(true);
  const [[second]] = await Promise.all([served, next(socket, 'connect')]);
  const packets = [];
  second.conn.on('packet', (packet) => packets.push(packet.data));
  answer('late');
  socket.emit('end');
  await next(second, 'end');
  assert.deepEqual(packets.filter((data) => /^3/.test(data)), []);
});

test('acks: a broadcast collects the acknowledgements of several clients', async (t) => {
  const server = await startServer(t);
  const sockets = [1, 2, 3].map((n) => {
    const socket = connect(t, server.url, { transports: [n === 1 ? 'polling' : 'websocket'] });
    return socket.on('ask', (answer) => answer(n));
  });
  await Promise.all(sockets.map((socket) => next(socket, 'connect')));
  const answers = await server.io.timeout(5000).emitWithAck('ask');
  assert.deepEqual(answers.sort(), [1, 2, 3]);
});
