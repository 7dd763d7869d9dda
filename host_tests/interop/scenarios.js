// What the clients do; what is to come of it is asserted in test_real_clients.py.
'use strict';

const MIB = 1024 * 1024;

function bytes(length) {
  return Buffer.from(Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8)) & 255));
}

// Events from the server and back again, values of every kind, several arguments and none.
exports.events = async (t) => {
  const socket = t.socket();
  t.tell('welcome', ...await t.expectAll(socket, 'welcome'));
  socket.emit('echo', 'text', 7, -1.5, true, null, [1, [2]], { a: { b: 'c' } });
  t.tell('values', ...await t.expectAll(socket, 'echoed'));
  socket.emit('echo', 'größer, 漢字, 🙂, \u0000\u001e"\\', '');
  t.tell('unicode', ...await t.expectAll(socket, 'echoed'));
  socket.emit('echo');
  t.tell('nothing', ...await t.expectAll(socket, 'echoed'));
  socket.send('by send');
  t.tell('message', ...await t.expectAll(socket, 'message'));
};

exports.acks = async (t) => {
  const socket = await t.connect();
  t.tell('answered', ...await t.ask(socket, 'question', 'a', { b: 1 }));
  t.tell('answered without arguments', ...await t.ask(socket, 'question'));
  socket.on('ask', (a, b, reply) => reply(b, a, 'seen'));
  socket.emit('ask me', 1, 'two');
  t.tell('server was answered', ...await t.expectAll(socket, 'asked'));
  const answers = await Promise.all([1, 2, 3, 4, 5].map((n) => t.ask(socket, 'question', n)));
  t.tell('each its own answer', ...answers.map((answer) => answer[1]));
};

exports.binary = async (t) => {
  const socket = await t.connect();
  socket.emit('echo', bytes(256));
  t.tell('alone', ...await t.expectAll(socket, 'echoed'));
  socket.emit('echo', 'mixed', { list: [bytes(3), { deep: bytes(5) }], text: 'x' }, Buffer.alloc(0));
  t.tell('nested', ...await t.expectAll(socket, 'echoed'));
  t.tell('ack', ...await t.ask(socket, 'question', bytes(70000)));
  socket.on('ask', (data, other, reply) => reply({ other, back: data }));
  socket.emit('ask me', bytes(300), 'with');
  t.tell('asked', ...await t.expectAll(socket, 'asked'));
};

exports.namespaces = async (t) => {
  const main = await t.connect();
  const custom = t.socket('/custom', {}, main);
  t.tell('hello', ...await t.expectAll(custom, 'hello'));
  t.tell('answer', ...await t.ask(custom, 'question', 'there'));
  t.tell('main', ...await t.ask(main, 'question', 'here'));
  custom.close();
  t.tell('main goes on', ...await t.ask(main, 'question', 'still here'));
  const alone = await t.connect('/custom');
  t.tell('alone', ...await t.ask(alone, 'question', 'on its own connection'));
};

exports.unknown_namespace = async (t) => {
  const socket = t.socket('/unknown');
  t.tell('refused', await t.expect(socket, t.revision === 5 ? 'connect_error' : 'error'));
};

exports.rooms = async (t) => {
  const [inside, also, outside] = await Promise.all([t.connect(), t.connect(), t.connect()]);
  const heard = (socket, name) => socket.on('told', (text) => t.tell(name, text));
  heard(inside, 'inside');
  heard(also, 'also');
  heard(outside, 'outside');
  await Promise.all([t.ask(inside, 'join', 'kitchen'), t.ask(also, 'join', 'kitchen')]);
  await t.ask(also, 'tell room', 'kitchen', 'to the others in the room');
  await t.ask(outside, 'tell room', 'kitchen', 'from outside');
  await t.ask(outside, 'tell everyone in', 'kitchen', 'from the server');
  await t.ask(also, 'leave', 'kitchen');
  await t.ask(outside, 'tell room', 'kitchen', 'after one has left');
  await t.ask(outside, 'tell room', inside.id, 'to one by its id');
  await settled(t, inside, also, outside);
};

exports.broadcast = async (t) => {
  const [sender, first, second] = await Promise.all([t.connect(), t.connect(), t.connect()]);
  [[sender, 'sender'], [first, 'first'], [second, 'second']].forEach(([socket, name]) => {
    socket.on('shouted', (...args) => t.tell(name, ...args));
  });
  await t.ask(sender, 'shout', 'hear me', bytes(4));
  await settled(t, sender, first, second);
};

// A question and its answer on each: what was sent to them before has arrived by then.
async function settled(t, ...sockets) {
  await Promise.all(sockets.map((socket) => t.ask(socket, 'question', 'settled')));
}

exports.middleware = async (t) => {
  const refusal = t.revision === 5 ? 'connect_error' : 'error';
  t.tell('refused', await t.expect(t.socket('/guarded', { query: { token: 'wrong' } }), refusal));
  t.tell('refused with data', await t.expect(t.socket('/guarded', { query: { token: 'expired' } }), refusal));
  const socket = await t.connect('/guarded', { query: { token: 'right' } });
  t.tell('accepted', ...await t.ask(socket, 'question', 'let in'));
  if (t.revision === 5) {
    const other = await t.connect('/guarded', { auth: { token: 'right' } });
    t.tell('accepted by auth', ...await t.ask(other, 'question', 'let in'));
  }
};

exports.client_disconnects = async (t) => {
  const [observer, leaver] = await Promise.all([t.connect(), t.connect()]);
  await t.ask(leaver, 'join', 'kitchen');
  const { id } = leaver;
  const gone = gonePromise(t, observer, id);
  leaver.on('disconnect', (reason) => t.tell('client', reason));
  leaver.disconnect();
  t.tell('server', ...await gone);
};

exports.client_closes_the_connection = async (t) => {
  const [observer, leaver] = await Promise.all([t.connect(), t.connect()]);
  const gone = gonePromise(t, observer, leaver.id);
  leaver.io.engine.close();
  t.tell('server', ...await gone);
};

exports.server_disconnects = async (t) => {
  const [observer, leaver] = await Promise.all([t.connect(), t.connect()]);
  const gone = gonePromise(t, observer, leaver.id);
  leaver.emit('send me away');
  t.tell('client', await t.expect(leaver, 'disconnect'));
  t.tell('server', ...await gone);
};

exports.server_closes_the_connection = async (t) => {
  const [observer, leaver] = await Promise.all([t.connect(), t.connect()]);
  const other = await t.connect('/custom', { like: leaver });
  const gone = gonePromise(t, observer, leaver.id);
  leaver.emit('close my connection');
  const reasons = await Promise.all([t.expect(leaver, 'disconnect'), t.expect(other, 'disconnect')]);
  t.tell('client', ...reasons);
  t.tell('server', ...await gone);
};

// The server tells the others who went, why, and how many rooms of its own they were in.
function gonePromise(t, observer, id) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('the server did not see the socket go')), 15000);
    observer.on('gone', (who, ...details) => {
      if (who === id) {
        clearTimeout(timer);
        resolve(details);
      }
    });
  });
}

// The test ends the server after 'connected' and starts it again after 'disconnected'.
exports.reconnection = async (t) => {
  const socket = await t.connect('/', { reconnection: true, reconnectionDelay: 50, reconnectionDelayMax: 100 });
  const before = socket.id;
  socket.on('disconnect', (reason) => t.tell('disconnected', reason));
  const again = t.expect(socket, 'connect');
  t.tell('connected');
  await again;
  t.tell('reconnected', socket.id !== before);
  t.tell('answered', ...await t.ask(socket, 'question', 'after it came back'));
};

exports.large = async (t) => {
  const socket = await t.connect();
  const text = 'äbc'.repeat(MIB / 4);
  const [, textBack] = await t.ask(socket, 'question', text);
  t.tell('text', textBack.length, textBack === text);
  const data = bytes(MIB);
  const [, dataBack] = await t.ask(socket, 'question', data);
  t.tell('binary', dataBack.length, data.equals(dataBack));
};

// From the moment of connecting on, so that the upgrade happens in the middle of it.
exports.order = async (t) => {
  const count = 1000;
  const socket = await t.connect('/', { early: true });
  const received = [];
  const all = new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`only ${received.length} came`)), 15000);
    socket.on('counted', (n, data) => {
      received.push(data ? n + data.length : n);
      if (received.length === count) {
        clearTimeout(timer);
        resolve();
      }
    });
  });
  for (let n = 0; n < count; n += 1) {
    // Every tenth one is binary, so that packets of several frames stand among the others.
    socket.emit('count', n, ...(n % 10 ? [] : [Buffer.alloc(3)]));
    if (n % 100 === 99) {
      await new Promise(setImmediate);
    }
  }
  await all;
  const expected = Array.from({ length: count }, (_, n) => (n % 10 ? n : n + 3));
  t.tell('received', received.length, received.every((n, i) => n === expected[i]));
};
