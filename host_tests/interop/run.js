// One run of a scenario: its client release and transport, its sockets, and what it tells the test.
'use strict';

const { EventEmitter, once } = require('events');

const CLIENTS = { 4: 'socket.io-client-4', 3: 'socket.io-client-3', 2: 'socket.io-client-2', 1: 'socket.io-client-1' };
const TRANSPORTS = { polling: ['polling'], websocket: ['websocket'], upgrade: ['polling', 'websocket'] };
const PATIENCE = 15000; // ms; longer than anything a scenario waits for

class Run {
  constructor(request, tell) {
    const library = require(CLIENTS[request.client]);
    this.io = library.io || library;
    this.revision = request.client >= 3 ? 5 : 4; // of the Socket.IO protocol
    this.mode = request.mode;
    this.url = request.url;
    this.tell = tell;
    this.sockets = [];
    this.gates = new EventEmitter();
    this.opened = new Set();
  }

  // A socket of a connection of its own, not connected yet; `like` shares the connection of another one.
  socket(nsp = '/', options = {}, like = null) {
    const socket = like ? like.io.socket(nsp, options) : this.io(this.url + nsp, {
      transports: TRANSPORTS[this.mode],
      forceNew: true,
      reconnection: false,
      ...options,
    });
    this.sockets.push(socket);
    return socket;
  }

  // A connected socket, after the upgrade where there is to be one; with `early`, at once.
  async connect(nsp, { early = false, like = null, ...options } = {}) {
    const socket = this.socket(nsp, options, like);
    await this.expect(socket, 'connect', ['connect_error', 'error']);
    if (!early) {
      await this.upgraded(socket);
    }
    return socket;
  }

  // The first argument of the socket's next `event`; all of them with `expectAll`. Fails on one of `bad`.
  async expect(socket, event, bad = []) {
    return (await this.expectAll(socket, event, bad))[0];
  }

  expectAll(socket, event, bad = []) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => done(reject, new Error(`no '${event}' within ${PATIENCE} ms`)), PATIENCE);
      const failures = bad.map((name) => [name, (error) => done(reject, new Error(`'${name}': ${describe(error)}`))]);
      const arrived = (...args) => done(resolve, args);
      const done = (settle, value) => {
        clearTimeout(timer);
        socket.off(event, arrived);
        failures.forEach(([name, fn]) => socket.off(name, fn));
        settle(value);
      };
      socket.on(event, arrived);
      failures.forEach(([name, fn]) => socket.on(name, fn));
    });
  }

  // Emits with an acknowledgement; the arguments of the answer.
  ask(socket, event, ...args) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no answer to '${event}' within ${PATIENCE} ms`)), PATIENCE);
      socket.emit(event, ...args, (...answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
    });
  }

  // Waits until the connection has reached the transport that this mode ends with.
  async upgraded(socket) {
    const { engine } = socket.io;
    if (this.mode === 'upgrade' && engine.transport.name !== 'websocket') {
      await this.expect(engine, 'upgrade');
    }
  }

  // The names of the transports that the run's open connections use.
  async transports() {
    const open = this.sockets.filter((socket) => socket.connected);
    await Promise.all(open.map((socket) => this.upgraded(socket)));
    return [...new Set(open.map((socket) => socket.io.engine.transport.name))];
  }

  // Waits until the test says `go` with this name.
  async go(name) {
    if (!this.opened.has(name)) {
      await once(this.gates, name);
    }
  }

  allow(name) {
    this.opened.add(name);
    this.gates.emit(name);
  }

  close() {
    this.sockets.forEach((socket) => socket.close());
  }
}

function describe(error) {
  return error && error.message ? error.message : JSON.stringify(error);
}

module.exports = { Run };
