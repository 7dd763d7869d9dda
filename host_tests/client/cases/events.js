'use strict';

const assert = require('node:assert/strict');
const { collect, connect, next, pair, startServer, test } = require('../support');

test('events: arguments arrive as they were, both ways', async (t) => {
  const { peer, socket } = await pair(t);
  const args = [1, 'zwölf', null, true, [1, [2]], { a: { b: 'c' } }, 1.5, '😀'];
  const up = next(peer, 'up');
  socket.emit('up', ...args);
  assert.deepEqual(await up, args);
  const down = next(socket, 'down');
  peer.emit('down', ...args);
  assert.deepEqual(await down, args);
});

test('events: emit before the connection waits for it', async (t) => {
  const server = await startServer(t);
  const served = next(server.io, 'connection');
  const socket = connect(t, server.url, { autoConnect: false });
  const item = { n: 1 };
  assert.equal(socket.emit('early', item), socket);
  item.n = 2;
  assert.equal(socket.sendBuffer.length, 1);
  socket.connect();
  const [peer] = await served;
  assert.deepEqual(await next(peer, 'early'), [{ n: 1 }]);
});

test('events: on, once, off', async (t) => {
  const { peer, socket } = await pair(t);
  const seen = [];
  const kept = () => seen.push('kept');
  const removed = () => seen.push('removed');
  socket.on('x', kept).on('x', removed).once('x', () => seen.push('once'));
  assert.equal(socket.off('x', removed), socket);
  for (const name of ['x', 'x', 'end']) peer.emit(name);
  await next(socket, 'end');
  assert.deepEqual(seen, ['kept', 'once', 'kept']);
  assert.deepEqual(socket.listeners('x'), [kept]);
});

test('events: removeListener, removeAllListeners, listeners, hasListeners', (t) => {
  const socket = connect(t, 'http://127.0.0.1:1', { autoConnect: false });
  const fn = () => {};
  socket.on('a', fn).on('a', fn).once('b', fn).on('c', fn);
  assert.equal(socket.removeListener('a', fn).listeners('a').length, 1);
  assert.equal(socket.removeListener('a', () => {}).listeners('a').length, 1);
  assert.equal(socket.off('a', undefined).listeners('a').length, 1);
  assert.deepEqual(socket.listeners('b'), [fn]);
  assert.equal(socket.removeAllListeners('a').hasListeners('a'), false);
  assert.equal(socket.hasListeners('c'), true);
  assert.equal(socket.off('b').hasListeners('b'), false);
  assert.equal(socket.off().hasListeners('c'), false);
  assert.deepEqual(socket.listeners('unknown'), []);
});

test('events: a handler that takes itself off leaves the others in place', async (t) => {
  const { peer, socket } = await pair(t);
  const seen = [];
  const first = () => { seen.push(1); socket.off('x', first); };
  socket.on('x', first).on('x', () => seen.push(2));
  for (const name of ['x', 'end']) peer.emit(name);
  await next(socket, 'end');
  assert.deepEqual(seen, [1, 2]);
});

test('events: a once handler runs once, also when a handler before it makes the same event again', async (t) => {
  const { peer, socket } = await pair(t);
  const seen = [];
  socket.on('x', (n) => { if (n === 1) socket.io.decoder.add('2["x",2]'); });
  socket.once('x', (n) => seen.push(n));
  for (const name of ['x', 'end']) peer.emit(name, 1);
  await next(socket, 'end');
  assert.deepEqual(seen, [2]);
});

test('events: a handler that is no function is refused at the call', (t) => {
  const socket = connect(t, 'http://127.0.0.1:1', { autoConnect: false });
  assert.throws(() => socket.on('x', 'y'), /on\("x"\): seen y, expected a function/);
});

test('events: `this` is the socket in a handler', async (t) => {
  const { peer, socket } = await pair(t);
  const self = new Promise((resolve) => socket.on('x', function () { resolve(this); }));
  peer.emit('x');
  assert.equal(await self, socket);
});

test('events: onAny, prependAny, offAny, listenersAny', async (t) => {
  const { peer, socket } = await pair(t);
  const seen = [];
  const any = (...args) => seen.push(['any', ...args]);
  const removed = () => seen.push('removed');
  socket.onAny(any).onAny(removed).prependAny((name) => seen.push(['first', name])).offAny(removed);
  socket.on('x', () => seen.push('x'));
  assert.equal(socket.listenersAny().length, 2);
  peer.emit('x', 1);
  peer.emit('y');
  await next(socket, 'y');
  assert.deepEqual(seen, [['first', 'x'], ['any', 'x', 1], 'x', ['first', 'y'], ['any', 'y']]);
  assert.deepEqual(socket.offAny().listenersAny(), []);
});

test('events: onAny hears no connect and no disconnect', async (t) => {
  const server = await startServer(t);
  const socket = connect(t, server.url);
  const seen = [];
  socket.onAny((name) => seen.push(name)).onAnyOutgoing((name) => seen.push(name));
  await next(socket, 'connect');
  socket.disconnect();
  assert.deepEqual(seen, []);
});

test('events: onAnyOutgoing hears what leaves, when it leaves', async (t) => {
  const server = await startServer(t);
  const socket = connect(t, server.url, { autoConnect: false });
  const seen = [];
  const removed = () => seen.push('removed');
  socket.onAnyOutgoing((...args) => seen.push(args)).onAnyOutgoing(removed);
  socket.prependAnyOutgoing(() => seen.push('first')).offAnyOutgoing(removed);
  assert.equal(socket.listenersAnyOutgoing().length, 2);
  socket.emit('early', 1);
  assert.deepEqual(seen, []);
  socket.connect();
  await next(socket, 'connect');
  assert.deepEqual(seen, ['first', ['early', 1]]);
  socket.offAnyOutgoing().emit('unheard');
  assert.equal(seen.length, 2);
});

test('events: send is a message event', async (t) => {
  const { peer, socket } = await pair(t);
  const up = next(peer, 'message');
  assert.equal(socket.send('a', 2), socket);
  assert.deepEqual(await up, ['a', 2]);
  peer.send('b');
  assert.deepEqual(await next(socket, 'message'), ['b']);
});

test('events: compress is accepted', async (t) => {
  const { peer, socket } = await pair(t);
  const up = collect(peer, 'x', 2);
  socket.compress(false).emit('x', 1).compress(true).emit('x', 2);
  assert.deepEqual(await up, [[1], [2]]);
});

test('events: reserved names throw', (t) => {
  const socket = connect(t, 'http://127.0.0.1:1', { autoConnect: false });
  for (const name of ['connect', 'connect_error', 'disconnect', 'disconnecting', 'newListener', 'removeListener']) {
    assert.throws(() => socket.volatile.emit(name), new RegExp(`"${name}" is a reserved event name`));
  }
  assert.equal(socket.emit('kept').sendBuffer.length, 1);
});

test('events: what JSON can not hold fails at the call, connected or not', async (t) => {
  const loop = {};
  loop.loop = loop;
  const waiting = connect(t, 'http://127.0.0.1:1', { autoConnect: false });
  const { peer, socket } = await pair(t);
  for (const one of [waiting, socket]) {
    assert.throws(() => one.emit('x', 1n), TypeError);
    assert.throws(() => one.emit('x', loop, () => {}), TypeError);
    assert.equal(one.acks.size, 0);
  }
  const up = next(peer, 'x');
  socket.emit('x', 'fine');
  assert.deepEqual(await up, ['fine']);
});

test('events: volatile is dropped before the connection, and sent while it is there', async (t) => {
  const server = await startServer(t);
  const served = next(server.io, 'connection');
  const socket = connect(t, server.url, { transports: ['websocket'] });
  const seen = [];
  socket.onAnyOutgoing((name, n) => seen.push(n));
  socket.volatile.emit('x', 1);
  socket.emit('x', 2);
  const [[peer]] = await Promise.all([served, next(socket, 'connect')]);
  const got = collect(peer, 'x', 3);
  socket.volatile.emit('x', 3);
  socket.emit('x', 4);
  assert.deepEqual(await got, [[2], [3], [4]]);
  assert.deepEqual(seen, [2, 3, 4]);
});

test('events: volatile is dropped while a polling request is under way', async (t) => {
  const { peer, socket } = await pair(t, {}, { transports: ['polling'] });
  const got = collect(peer, 'x', 2);
  socket.emit('x', 1);
  await Promise.resolve();
  socket.volatile.emit('x', 2);
  socket.emit('x', 3);
  assert.deepEqual(await got, [[1], [3]]);
});

test('events: volatile with an error-first acknowledgement says that it was dropped', async (t) => {
  const socket = connect(t, 'http://127.0.0.1:1', { autoConnect: false });
  await assert.rejects(socket.volatile.emitWithAck('x'), /volatile event was dropped/);
  assert.equal(socket.acks.size, 0);
  socket.volatile.emit('x', () => assert.fail('nothing to acknowledge'));
  assert.equal(socket.acks.size, 0);
});

test('events: a megabyte of text goes and comes', async (t) => {
  for (const transports of [['polling'], ['websocket']]) {
    const { peer, socket } = await pair(t, { maxHttpBufferSize: 1e7 }, { transports });
    peer.on('echo', (text, answer) => answer(text));
    const text = 'aé😀"\\\x1e'.repeat(100000);
    assert.equal(await socket.emitWithAck('echo', text), text);
  }
});

test('events: names may be numbers', async (t) => {
  const { peer, socket } = await pair(t);
  peer.emit(7, 'x');
  assert.deepEqual(await next(socket, 7), ['x']);
});
