// The official clients, as hands for a test in Python: one process for the whole run.
//
// stdin, one JSON request a line; `n` is the number that the test gave to the socket:
//   {do: 'open', n, client: '4' | '3' | '2' | '1' | 'own', url, nsp, options, like}   like: another socket's connection
//   {do: 'emit', n, args, ack}       ack: a number; the answer comes as the event 'ack' with it first
//   {do: 'reply', reply, args}       answers an event that came with `reply`
//   {do: 'call', n, path, args}      calls a method of the socket, such as io.engine.close
// stdout: {n, event, args, reply, id} for each event. Binary values are {"$bytes": base64} both ways.
'use strict';

const readline = require('readline');

const CLIENTS = {
  4: 'socket.io-client-4', 3: 'socket.io-client-3', 2: 'socket.io-client-2', 1: 'socket.io-client-1',
  own: '../../edgeio/client/socket.io.js',
};
const OWN_EVENTS = ['connect', 'disconnect', 'connect_error', 'error'];

const sockets = new Map();
const replies = new Map();

const actions = {
  open({ n, client, url, nsp, options, like }) {
    const library = load(client);
    if (options.parser) {
      options.parser = require(options.parser);
    }
    const socket = like ? sockets.get(like).io.socket(nsp, options) : (library.io || library)(url + nsp, {
      transports: ['websocket'], forceNew: true, reconnection: false, autoConnect: false, ...options,
    });
    sockets.set(n, socket);
    OWN_EVENTS.forEach((name) => socket.on(name, (...args) => tell(n, name, args)));
    hear(socket, (name, args, ack) => tell(n, name, args, ack && keep(ack)));
    socket.open();
  },
  emit({ n, args, ack }) {
    const rest = ack ? [(...answer) => tell(n, 'ack', [ack, ...answer])] : [];
    sockets.get(n).emit(...args.map(readable), ...rest);
  },
  reply({ reply, args }) {
    replies.get(reply)(...args.map(readable));
  },
  call({ n, path, args }) {
    const names = path.split('.');
    const method = names.pop();
    const owner = names.reduce((value, name) => value[name], sockets.get(n));
    owner[method](...args.map(readable));
  },
};

function load(client) {
  if (client === 'own' && !globalThis.WebSocket) {
    // Ours runs in browsers and takes their WebSocket. The official ones would take it too, without its headers: they
    // look for it once, when they are loaded.
    Object.keys(CLIENTS).forEach((name) => require(CLIENTS[name]));
    globalThis.WebSocket = require('ws');
  }
  return require(CLIENTS[client]);
}

// Calls `told(name, args, ack)` for each event; the old clients have no onAny.
function hear(socket, told) {
  const { onevent } = socket;
  if (onevent) {
    socket.onevent = (packet) => {
      const [name, ...args] = packet.data;
      told(name, args, packet.id == null ? null : socket.ack(packet.id));
      onevent.call(socket, packet);
    };
  } else {
    socket.onAny((name, ...args) => told(name, args, typeof args[args.length - 1] === 'function' ? args.pop() : null));
  }
}

function keep(fn) {
  replies.set(replies.size + 1, fn);
  return replies.size;
}

function tell(n, event, args, reply = null) {
  const id = sockets.get(n) && sockets.get(n).id;
  process.stdout.write(JSON.stringify({ n, event, args: args.map(printable), reply, id: id || null }) + '\n');
}

function printable(value) {
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) {
    return { $bytes: Buffer.from(value).toString('base64') };
  }
  if (value instanceof Error) {
    return { message: value.message, data: printable(value.data) };
  }
  return mapped(value, printable);
}

function readable(value) {
  return value && value.$bytes !== undefined ? Buffer.from(value.$bytes, 'base64') : mapped(value, readable);
}

function mapped(value, fn) {
  if (Array.isArray(value)) {
    return value.map(fn);
  }
  if (value && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fn(item)]));
  }
  return value === undefined ? null : value;
}

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const request = JSON.parse(line);
  actions[request.do](request);
}).on('close', () => process.exit(0));
