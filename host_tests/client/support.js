// What the cases share: our client, the official server, and ways to wait for what is to come.
'use strict';

const http = require('node:http');
const nodeTest = require('node:test');
const { once } = require('node:events');
const { Server } = require('socket.io');
const { WebSocket, WebSocketServer } = require('ws');

global.WebSocket = WebSocket;
const io = require('../../edgeio/client/socket.io.js');

/** A test with a limit: what never comes fails it. */
function test(name, body) {
  nodeTest.test(name, { timeout: 20000 }, body);
}

/** The official server on a port of its own (or on `port`); {io, http, port, url, stop()}. */
async function startServer(t, options = {}, port = 0) {
  const httpServer = http.createServer((req, res) => res.writeHead(404).end('nothing here'));
  const server = new Server(httpServer, options);
  const streams = new Set();
  httpServer.on('connection', (stream) => streams.add(stream));
  httpServer.listen(port, '127.0.0.1');
  await once(httpServer, 'listening');
  const stop = async () => {
    if (!httpServer.listening) return;
    const closed = once(httpServer, 'close');
    server.close();
    streams.forEach((stream) => stream.destroy());
    await closed;
  };
  t.after(stop);
  const at = httpServer.address().port;
  return { io: server, http: httpServer, port: at, url: `http://127.0.0.1:${at}`, stop };
}

/** A WebSocket server without manners: `talk(ws, request)` says what it sends. Its port. */
async function startRawServer(t, talk) {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  server.on('connection', talk);
  await once(server, 'listening');
  t.after(() => {
    server.clients.forEach((ws) => ws.terminate());
    server.close();
  });
  return server.address().port;
}

const HANDSHAKE = '0{"sid":"raw","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}';

/** A socket of our client that is disconnected when the test ends. Reconnects fast. */
function connect(t, url, options = {}) {
  const socket = io(url, Object.assign({ forceNew: true, reconnectionDelay: 10, reconnectionDelayMax: 20 }, options));
  t.after(() => {
    socket.io.reconnection(false);
    socket.disconnect();
    socket.io.disconnect();
  });
  return socket;
}

/** The arguments of an emitter's next event of that name, ours or Node's. */
function next(emitter, name) {
  return new Promise((resolve) => emitter.once(name, (...args) => resolve(args)));
}

/** The next `count` events of that name: a list of argument lists. */
function collect(emitter, name, count) {
  return new Promise((resolve) => {
    const got = [];
    emitter.on(name, (...args) => { if (got.push(args) === count) resolve(got); });
  });
}

/** The server's socket and the client's, connected. */
async function pair(t, serverOptions, clientOptions, nsp = '/') {
  const server = await startServer(t, serverOptions);
  const served = next(server.io.of(nsp), 'connection');
  const socket = connect(t, server.url + (nsp === '/' ? '' : nsp), clientOptions);
  const [[peer]] = await Promise.all([served, next(socket, 'connect')]);
  return { server, peer, socket };
}

/** Replaces `object[name]` until the test ends. */
function replace(t, object, name, value) {
  const before = object[name];
  object[name] = value;
  t.after(() => { object[name] = before; });
  return before;
}

/** A promise of the next error that nobody caught, which would end the process. */
function uncaught(t) {
  t.after(() => process.setUncaughtExceptionCaptureCallback(null));
  return new Promise((resolve) => process.setUncaughtExceptionCaptureCallback(resolve));
}

module.exports = {
  HANDSHAKE, collect, connect, io, next, once, pair, replace, startRawServer, startServer, test, uncaught,
};
