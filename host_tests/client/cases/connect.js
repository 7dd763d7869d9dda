'use strict';

const assert = require('node:assert/strict');
const { connect, io, next, pair, replace, startServer, test } = require('../support');

test('connect: both sides know the same id', async (t) => {
  const { peer, socket } = await pair(t);
  assert.equal(socket.id, peer.id);
  assert.equal(socket.connected, true);
  assert.equal(socket.disconnected, false);
  assert.equal(socket.active, true);
  assert.equal(socket.nsp, '/');
  assert.ok(socket.io instanceof io.Manager);
});

test('connect: io, io.io and io.connect are the same, the protocol revision is 5', () => {
  assert.equal(io.connect, io);
  assert.equal(io.io, io);
  assert.equal(io.protocol, 5);
});

test('connect: autoConnect false waits for open()', async (t) => {
  const server = await startServer(t);
  const socket = connect(t, server.url, { autoConnect: false });
  assert.equal(socket.active, false);
  assert.equal(socket.io.engine, null);
  assert.equal(socket.open(), socket);
  await next(socket, 'connect');
});

test('connect: calling it again while it connects or is connected changes nothing', async (t) => {
  const server = await startServer(t);
  let connections = 0;
  server.io.on('connection', (peer) => {
    connections++;
    peer.on('echo', (answer) => answer());
  });
  const socket = connect(t, server.url);
  socket.connect();
  await next(socket.io, 'open');
  socket.connect();
  await next(socket, 'connect');
  socket.connect();
  await socket.emitWithAck('echo');
  assert.equal(connections, 1);
  assert.equal(socket.connected, true);
});

test('connect: disconnect() tells both sides why', async (t) => {
  const { peer, socket } = await pair(t);
  const ours = next(socket, 'disconnect');
  const theirs = next(peer, 'disconnect');
  assert.equal(socket.disconnect(), socket);
  assert.deepEqual(await ours, ['io client disconnect', undefined]);
  assert.equal((await theirs)[0], 'client namespace disconnect');
  assert.equal(socket.connected, false);
  assert.equal(socket.id, undefined);
});

test('connect: disconnect() ends the connection under it', async (t) => {
  for (const transports of [['polling'], ['websocket']]) {
    const { peer, socket } = await pair(t, {}, { transports });
    const closed = next(peer.conn, 'close');
    socket.close();
    assert.equal((await closed)[0], 'transport close');
  }
});

test('connect: what was emitted right before disconnect() still arrives', async (t) => {
  for (const transports of [['polling'], ['websocket'], ['polling', 'websocket']]) {
    const { peer, socket } = await pair(t, {}, { transports });
    const got = [];
    peer.conn.on('packet', (packet) => { if (packet.type === 'message') got.push(packet.data); });
    for (let n = 0; n < 3; n++) socket.emit('last', n);
    socket.disconnect();
    await next(peer, 'disconnect');
    assert.deepEqual(got, ['2["last",0]', '2["last",1]', '2["last",2]', '1']);
  }
});

test('connect: a socket that was disconnected connects again', async (t) => {
  const { server, socket } = await pair(t);
  const before = socket.id;
  socket.disconnect();
  const served = next(server.io, 'connection');
  socket.connect();
  await Promise.all([served, next(socket, 'connect')]);
  assert.notEqual(socket.id, before);
});

test('connect: a disconnect by the server is told and not undone', async (t) => {
  const { peer, server, socket } = await pair(t);
  peer.disconnect();
  assert.equal((await next(socket, 'disconnect'))[0], 'io server disconnect');
  assert.equal(socket.active, false);
  assert.equal(socket.io._reconnecting, false);
  const served = next(server.io, 'connection');
  socket.connect();
  await Promise.all([served, next(socket, 'connect')]);
});

test('connect: a server that closes the whole connection is a disconnect by the server too', async (t) => {
  const { peer, socket } = await pair(t);
  peer.disconnect(true);
  assert.equal((await next(socket, 'disconnect'))[0], 'io server disconnect');
  assert.equal(socket.active, false);
});

test('connect: auth as an object reaches the server', async (t) => {
  const { peer, socket } = await pair(t, {}, { auth: { token: 'é1' } });
  assert.deepEqual(peer.handshake.auth, { token: 'é1' });
  assert.deepEqual(socket.auth, { token: 'é1' });
});

test('connect: auth as a function is asked at each connection', async (t) => {
  let times = 0;
  const { peer, server, socket } = await pair(t, {}, { auth: (send) => setImmediate(send, { times: ++times }) });
  assert.deepEqual(peer.handshake.auth, { times: 1 });
  const served = next(server.io, 'connection');
  peer.conn.close(true);
  assert.deepEqual((await served)[0].handshake.auth, { times: 2 });
  await next(socket, 'connect');
});

test('connect: auth set later is used at the next connection', async (t) => {
  const server = await startServer(t);
  server.io.use((peer, accept) => accept(peer.handshake.auth.token === 'right' ? undefined : new Error('no')));
  const socket = connect(t, server.url, { auth: { token: 'wrong' } });
  await next(socket, 'connect_error');
  socket.auth = { token: 'right' };
  socket.connect();
  await next(socket, 'connect');
});

test('connect: a middleware that refuses gives connect_error with message and data', async (t) => {
  const server = await startServer(t);
  server.io.use((peer, accept) => accept(Object.assign(new Error('not you'), { data: { retry: 5 } })));
  const socket = connect(t, server.url);
  const [error] = await next(socket, 'connect_error');
  assert.ok(error instanceof Error);
  assert.equal(error.message, 'not you');
  assert.deepEqual(error.data, { retry: 5 });
  assert.equal(socket.active, false);
  assert.equal(socket.connected, false);
});

test('connect: a namespace that is unknown gives connect_error', async (t) => {
  const server = await startServer(t);
  const [error] = await next(connect(t, server.url + '/nowhere'), 'connect_error');
  assert.equal(error.message, 'Invalid namespace');
});

test('connect: query comes from the option or from the URL', async (t) => {
  const { peer } = await pair(t, {}, { query: { board: 'a b&c' } });
  assert.equal(peer.handshake.query.board, 'a b&c');
  assert.equal(peer.handshake.query.EIO, '4');
  const server = await startServer(t);
  const served = next(server.io.of('/x'), 'connection');
  const socket = connect(t, server.url + '/x?board=d%20e&n=1');
  assert.equal((await served)[0].handshake.query.board, 'd e');
  assert.equal(socket.nsp, '/x');
});

test('connect: path says where the server listens', async (t) => {
  const { peer } = await pair(t, { path: '/my/own' }, { path: '/my/own' });
  assert.match(peer.request.url, /^\/my\/own\/\?/);
  await pair(t, { path: '/my/own/' }, { path: '/my/own/' });
});

test('connect: extraHeaders go with polling', async (t) => {
  const { peer } = await pair(t, {}, { extraHeaders: { 'X-Board': '7' } });
  assert.equal(peer.handshake.headers['x-board'], '7');
});

test('connect: withCredentials decides what fetch is told', async (t) => {
  const seen = [];
  const fetch = replace(t, global, 'fetch', (url, init) => {
    seen.push(init.credentials);
    return fetch(url, init);
  });
  await pair(t, {}, { transports: ['polling'], withCredentials: true });
  assert.ok(seen.every((credentials) => credentials === 'include'));
  seen.length = 0;
  await pair(t, {}, { transports: ['polling'] });
  assert.ok(seen.every((credentials) => credentials === 'same-origin'));
});

test('connect: polling requests are stamped, websocket ones only where asked', async (t) => {
  const urls = async (options) => {
    const { peer } = await pair(t, {}, options);
    return peer.request._query;
  };
  assert.ok((await urls({ transports: ['polling'] })).t);
  assert.equal((await urls({ transports: ['polling'], timestampRequests: false })).t, undefined);
  assert.equal((await urls({ transports: ['websocket'] })).t, undefined);
  assert.ok((await urls({ transports: ['websocket'], timestampRequests: true, timestampParam: 'ts' })).ts);
});

test('connect: no stamp is used twice', async (t) => {
  const stamps = [];
  const fetch = replace(t, global, 'fetch', (url, init) => {
    stamps.push(new URL(url).searchParams.get('t'));
    return fetch(url, init);
  });
  const { peer, socket } = await pair(t, {}, { transports: ['polling'] });
  peer.on('echo', (answer) => answer());
  for (let n = 0; n < 10; n++) await socket.emitWithAck('echo');
  assert.ok(stamps.length > 20);
  assert.equal(new Set(stamps).size, stamps.length);
});

test('connect: without a page a URL is needed', () => {
  assert.throws(() => io(), /expected a URL such as/);
  assert.throws(() => io('/chat'), /expected a URL such as/);
  assert.throws(() => io('file:///tmp/x.html'), /seen "file:/);
});

test('connect: a transport that does not exist is refused at the call', () => {
  const transports = ['polling', 'carrier-pigeon'];
  assert.throws(() => io('http://127.0.0.1:1', { transports }), /carrier-pigeon.*polling,websocket/);
});

test('connect: an option that does not exist is named in a warning', async (t) => {
  const warnings = [];
  replace(t, console, 'warn', (text) => warnings.push(text));
  connect(t, 'http://127.0.0.1:1', { autoConnect: false, reconectionDelay: 5 });
  assert.equal(warnings.length, 1);
  assert.match(warnings[0], /no option "reconectionDelay".*reconnectionDelay/);
});

test('connect: an option that is undefined leaves the default', async (t) => {
  const socket = connect(t, 'http://127.0.0.1:1', { autoConnect: false, timeout: undefined, path: undefined });
  assert.equal(socket.io.opts.timeout, 20000);
  assert.equal(socket.io.opts.path, '/socket.io');
});
