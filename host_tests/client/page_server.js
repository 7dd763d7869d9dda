// An official server for a page: `node page_server.js JSON-of-options`. Prints {"port": N}, and who left and why.
'use strict';

const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const { Server } = require('socket.io');

const CLIENT = path.join(__dirname, '../../edgeio/client/socket.io.js');
const PAGE = '<!doctype html><link rel="icon" href="data:,"><title>page</title><script src="/client.js"></script>';

const { port = 0, blockWebsocket = false, options = {} } = JSON.parse(process.argv[2] || '{}');

const server = http.createServer((request, response) => {
  const script = request.url === '/client.js';
  response.setHeader('Content-Type', script ? 'text/javascript' : 'text/html');
  response.setHeader('Set-Cookie', 'seen=1');
  response.end(script ? fs.readFileSync(CLIENT) : PAGE);
});
const io = new Server(server, Object.assign({ serveClient: false, pingInterval: 5000 }, options));

function onConnection(peer) {
  peer.on('echo', (...args) => args.pop()(...args));
  peer.on('sizes', (...args) => args.pop()(args.map((data) => Buffer.isBuffer(data) && data.length)));
  peer.on('who', (answer) => answer({
    transport: peer.conn.transport.name, cookie: peer.handshake.headers.cookie, query: peer.handshake.query,
  }));
  peer.on('disconnect', (reason) => console.log(`left ${peer.nsp.name}: ${reason}`));
  console.log(`joined ${peer.nsp.name}`);
}
io.on('connection', onConnection);
io.of('/board').on('connection', onConnection);

if (blockWebsocket) {
  server.removeAllListeners('upgrade');
  server.on('upgrade', (request, stream) => stream.destroy());
}
server.listen(port, '127.0.0.1', () => console.log(JSON.stringify({ port: server.address().port })));
