// The official server, doing what server_app.py does: it shows that the tests themselves are right.
// `node reference_server.js [PORT]` prints its port as JSON.
'use strict';

const { createServer } = require('http');
const { Server } = require('socket.io');

const server = createServer();
const io = new Server(server, { allowEIO3: true, maxHttpBufferSize: 4 * 1024 * 1024 });

function answerQuestions(socket) {
  socket.on('question', (...args) => {
    const ack = args.pop();
    ack('answer', ...args);
  });
}

io.on('connection', (socket) => {
  socket.emit('welcome', 'hello', 1.5, [true, null], { 'ключ': '🙂' });
  answerQuestions(socket);
  socket.on('echo', (...args) => socket.emit('echoed', ...args));
  socket.on('message', (...args) => socket.send(...args));
  socket.on('count', (...args) => socket.emit('counted', ...args));
  socket.on('ask me', (...args) => socket.emit('ask', ...args, (...answer) => socket.emit('asked', ...answer)));

  socket.on('join', (room, ack) => { socket.join(room); ack(); });
  socket.on('leave', (room, ack) => { socket.leave(room); ack(); });
  socket.on('tell room', (room, text, ack) => { socket.to(room).emit('told', text); ack(); });
  socket.on('tell everyone in', (room, text, ack) => { io.to(room).emit('told', text); ack(); });
  socket.on('shout', (...args) => {
    const ack = args.pop();
    socket.broadcast.emit('shouted', ...args);
    ack();
  });

  socket.on('send me away', () => socket.disconnect());
  socket.on('close my connection', () => socket.disconnect(true));
  let rooms = 0;
  socket.on('disconnecting', () => { rooms = socket.rooms.size; });
  socket.on('disconnect', (reason) => io.emit('gone', socket.id, reason, rooms));
});

io.of('/custom').on('connection', (socket) => {
  socket.emit('hello', socket.nsp.name);
  answerQuestions(socket);
});

io.of('/guarded').use((socket, next) => {
  const token = socket.handshake.auth.token || socket.handshake.query.token;
  if (token === 'right') {
    next();
  } else if (token === 'expired') {
    next(Object.assign(new Error('not allowed'), { data: { code: 7 } }));
  } else {
    next(new Error('not allowed'));
  }
}).on('connection', answerQuestions);

server.listen(Number(process.argv[2] || 0), '127.0.0.1', () => {
  console.log(JSON.stringify({ port: server.address().port }));
});
