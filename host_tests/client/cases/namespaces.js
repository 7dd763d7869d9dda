'use strict';

const assert = require('node:assert/strict');
const { connect, io, next, pair, startServer, test } = require('../support');

test('namespaces: several share one connection', async (t) => {
  const server = await startServer(t);
  server.io.of('/a');
  server.io.of('/b');
  let connections = 0;
  server.io.engine.on('connection', () => connections++);
  const sockets = ['', '/a', '/b'].map((nsp) => connect(t, server.url + nsp, { forceNew: false }));
  await Promise.all(sockets.map((socket) => next(socket, 'connect')));
  assert.equal(connections, 1);
  assert.equal(new Set(sockets.map((socket) => socket.io)).size, 1);
  assert.equal(new Set(sockets.map((socket) => socket.id)).size, 3);
});

test('namespaces: forceNew, multiplex false, another path, the same namespace again: a connection each', (t) => {
  const url = 'http://127.0.0.1:1';
  const options = { autoConnect: false, forceNew: false };
  const first = connect(t, url, options);
  assert.equal(connect(t, `${url}/a`, options).io, first.io);
  const apart = [['/b', { forceNew: true }], ['/b', { multiplex: false }], ['/b', { path: '/x' }], ['', {}]];
  for (const [nsp, more] of apart) {
    assert.notEqual(connect(t, url + nsp, Object.assign({}, options, more)).io, first.io);
  }
});

test('namespaces: events stay in theirs', async (t) => {
  const server = await startServer(t);
  const served = next(server.io.of('/a'), 'connection');
  const main = connect(t, server.url, { forceNew: false });
  const other = connect(t, `${server.url}/a`, { forceNew: false });
  const [[peer]] = await Promise.all([served, next(main, 'connect'), next(other, 'connect')]);
  main.onAny(() => assert.fail('not for this namespace'));
  const got = next(other, 'x');
  peer.emit('x', 1);
  assert.deepEqual(await got, [1]);
  const up = next(peer, 'y');
  other.emit('y', { data: Uint8Array.from([1]) }, 2);
  const [{ data }, two] = await up;
  assert.deepEqual([[...data], two], [[1], 2]);
});

test('namespaces: leaving one leaves the others, leaving the last ends the connection', async (t) => {
  const server = await startServer(t);
  const served = next(server.io.of('/a'), 'connection');
  const main = connect(t, server.url, { forceNew: false });
  const other = connect(t, `${server.url}/a`, { forceNew: false });
  const [[peer]] = await Promise.all([served, next(main, 'connect'), next(other, 'connect')]);
  const left = next(peer, 'disconnect');
  other.disconnect();
  assert.equal((await left)[0], 'client namespace disconnect');
  assert.equal(main.connected, true);
  assert.equal(peer.conn.readyState, 'open');
  const closed = next(main.io, 'close');
  const gone = next(peer.conn, 'close');
  main.disconnect();
  assert.equal((await closed)[0], 'forced close');
  await gone;
});

test('namespaces: one that is refused leaves the others', async (t) => {
  const server = await startServer(t);
  const main = connect(t, server.url, { forceNew: false });
  const refused = connect(t, `${server.url}/nowhere`, { forceNew: false });
  await Promise.all([next(main, 'connect'), next(refused, 'connect_error')]);
  assert.equal(main.connected, true);
  assert.equal(refused.active, false);
});

test('namespaces: one that is given up before the answer is left on the server as well', async (t) => {
  const server = await startServer(t);
  const waiting = new Promise((resolve) => server.io.of('/slow').use((peer, accept) => resolve(accept)));
  const main = connect(t, server.url, { forceNew: false });
  const slow = connect(t, `${server.url}/slow`, { forceNew: false });
  slow.on('connect', () => assert.fail('it was given up'));
  const [accept] = await Promise.all([waiting, next(main, 'connect')]);
  slow.disconnect();
  const served = next(server.io.of('/slow'), 'connection');
  accept();
  const [peer] = await served;
  assert.equal((await next(peer, 'disconnect'))[0], 'client namespace disconnect');
  assert.equal(main.connected, true);
});

test('namespaces: one that is given up and wanted again before the answer asks only once', async (t) => {
  const server = await startServer(t);
  const waiting = new Promise((resolve) => server.io.of('/slow').use((peer, accept) => resolve(accept)));
  const main = connect(t, server.url, { forceNew: false });
  const slow = connect(t, `${server.url}/slow`, { forceNew: false });
  const [accept] = await Promise.all([waiting, next(main, 'connect')]);
  slow.disconnect();
  slow.connect();
  accept();
  await next(slow, 'connect');
  assert.equal(main.connected, true);
});

test('namespaces: the manager makes their sockets, each once', async (t) => {
  const server = await startServer(t);
  server.io.of('/a');
  const manager = new io.Manager(server.url);
  const socket = manager.socket('/a', { auth: { x: 1 } });
  t.after(() => manager.close());
  assert.ok(socket instanceof io.Socket);
  await next(socket, 'connect');
  assert.equal(manager.socket('/a'), socket);
  socket.disconnect();
  assert.equal(manager.socket('/a').active, true);
  await next(socket, 'connect');
});

test('namespaces: their names may hold other letters', async (t) => {
  const { peer, socket } = await pair(t, {}, {}, '/küche');
  assert.equal(peer.nsp.name, '/küche');
  assert.equal(socket.nsp, '/küche');
});

test('namespaces: a dynamic one is joined by its name', async (t) => {
  const server = await startServer(t);
  const parent = server.io.of(/^\/room-\d+$/);
  const served = next(parent, 'connection');
  await next(connect(t, `${server.url}/room-7`), 'connect');
  assert.equal((await served)[0].nsp.name, '/room-7');
});

test('namespaces: manager.disconnect() ends all of them', async (t) => {
  const server = await startServer(t);
  server.io.of('/a');
  const sockets = ['', '/a'].map((nsp) => connect(t, server.url + nsp, { forceNew: false }));
  await Promise.all(sockets.map((socket) => next(socket, 'connect')));
  const left = sockets.map((socket) => next(socket, 'disconnect'));
  sockets[0].io.disconnect();
  await Promise.all(left);
  assert.deepEqual(sockets.map((socket) => socket.connected), [false, false]);
});
