// Two official clients talk over the chat: `node chat_clients.js {"url", "module", "transports", "size"}`.
'use strict';

const { url, module: name, transports, size } = JSON.parse(process.argv[2]);
const io = require(name);
const text = '\u20ac'.repeat(Math.floor(size / 3));

function connect() {
  return new Promise((resolve, reject) => {
    const socket = io(url, { transports, forceNew: true, reconnection: false });
    socket.on('connect', () => resolve(socket));
    socket.on('connect_error', reject);
  });
}

(async () => {
  const first = await connect(), second = await connect();
  const answer = await new Promise(resolve => first.emit('req', 'req:', resolve));
  const heard = new Promise(resolve => second.on('chat', resolve));
  first.emit('chat', text);
  const said = await heard;
  console.log(JSON.stringify({ answer, whole: said.endsWith(`says: ${text}`), transport: first.io.engine.transport.name }));
  first.close();
  second.close();
  process.exit(0);
})().catch(error => { console.error(error); process.exit(1); });
