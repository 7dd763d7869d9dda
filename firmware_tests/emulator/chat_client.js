// The official client, as a person at the chat page: `node chat_client.js URL`. Each thing that happens is a line of
// JSON. Lines on its input are said in the chat; the end of its input ends it.
const { io } = require('socket.io-client-4');
const readline = require('readline');

const socket = io(process.argv[2], { reconnectionDelay: 200, reconnectionDelayMax: 500, timeout: 60000 });
const tell = (event, ...values) => console.log(JSON.stringify([event, ...values]));

socket.on('connect', () => {
  tell('connect', socket.id);
  socket.emit('req', 'req:', (answer) => tell('answer', answer));
});
socket.io.engine.on('upgrade', (transport) => tell('upgrade', transport.name));
socket.on('disconnect', (reason) => tell('disconnect', reason));
socket.on('hi', (text) => tell('hi', text));
socket.on('chat', (text) => tell('chat', text));

const input = readline.createInterface({ input: process.stdin });
input.on('line', (text) => socket.emit('chat', text));
input.on('close', () => process.exit(0));
