/*
 * The browser's side of edgeio: Engine.IO revision 4 and Socket.IO protocol revision 5, served as it is.
 * Sets the global `io`; in CommonJS it is the module. From the wire up:
 *   Polling, WebSocketTransport   carry Engine.IO packets
 *   Engine                        a session: handshake, heartbeat, the upgrade from the first transport to the second
 *   Encoder, Decoder              Socket.IO packets; the option `parser` puts others in their place
 *   Manager                       keeps one connection up for the sockets of several namespaces
 *   Socket                        one namespace: what an app talks to
 */
(function (root) {
'use strict';

const SEPARATOR = '\x1e'; // between the packets of a polling payload
const LONGEST = 0x7fffffff; // ms; a longer timer would run at once
const STAY = 1000; // ms after which a page that was about to be left has stayed
const VOLATILE_LIMIT = 65536; // bytes waiting in the WebSocket from which on volatile events are dropped

const DEFAULTS = {
  path: '/socket.io', query: {}, transports: ['polling', 'websocket'], upgrade: true, rememberUpgrade: false,
  withCredentials: false, extraHeaders: {}, timestampRequests: null, timestampParam: 't', timeout: 20000,
  reconnection: true, reconnectionAttempts: Infinity, reconnectionDelay: 1000, reconnectionDelayMax: 5000,
  randomizationFactor: 0.5, autoConnect: true, parser: null, forceNew: false, multiplex: true, auth: null,
  ackTimeout: null,
};

function readOptions(given) {
  const options = Object.assign({}, DEFAULTS);
  for (const name of Object.keys(given)) {
    // Not an error: apps pass what other builds of the client know.
    if (!(name in DEFAULTS)) console.warn(`io: no option "${name}"; there are: ${Object.keys(DEFAULTS).join(', ')}`);
    else if (given[name] !== undefined) options[name] = given[name];
  }
  for (const name of options.transports) {
    if (!TRANSPORTS[name]) throw new Error(`io: seen transport "${name}", expected ${Object.keys(TRANSPORTS)}`);
  }
  return options;
}

// --- events

/** Calls a handler of the app. What it throws is reported as uncaught and harms nobody else. */
function call(fn, self, args) {
  try {
    fn.apply(self, args);
  } catch (error) {
    setTimeout(() => { throw error; });
  }
}

class Emitter {
  constructor() {
    this._handlers = new Map(); // name -> [{fn, once}], replaced and never changed: `_fire` may be walking it
  }

  on(name, fn, once = false) {
    if (typeof fn !== 'function') throw new TypeError(`on("${String(name)}"): seen ${fn}, expected a function`);
    this._handlers.set(name, (this._handlers.get(name) || []).concat({ fn, once }));
    return this;
  }

  once(name, fn) { return this.on(name, fn, true); }

  /** Without a function: all of that name; without a name: all. */
  off(name, fn) {
    if (!arguments.length) this._handlers.clear();
    else if (arguments.length === 1) this._handlers.delete(name);
    else this._drop(name, (this._handlers.get(name) || []).find((entry) => entry.fn === fn));
    return this;
  }

  _drop(name, entry) {
    this._handlers.set(name, (this._handlers.get(name) || []).filter((other) => other !== entry));
  }

  listeners(name) { return (this._handlers.get(name) || []).map((entry) => entry.fn); }
  hasListeners(name) { return this.listeners(name).length > 0; }
  emit(name, ...args) { return this._fire(name, ...args); }

  _fire(name, ...args) {
    for (const entry of this._handlers.get(name) || []) {
      if (entry.fired) continue; // a handler before it emitted the same event
      entry.fired = entry.once;
      if (entry.once) this._drop(name, entry);
      call(entry.fn, this, args);
    }
    return this;
  }
}
Emitter.prototype.removeListener = Emitter.prototype.removeAllListeners = Emitter.prototype.off;

// --- Engine.IO packets: {type, data}

const PACKETS = ['open', 'close', 'ping', 'pong', 'message', 'upgrade', 'noop'];

function encodeText({ type, data }) {
  return PACKETS.indexOf(type) + (data || '');
}

function decodePacket(chunk) {
  if (typeof chunk !== 'string') return { type: 'message', data: chunk };
  if (chunk[0] === 'b') return { type: 'message', data: fromBase64(chunk.slice(1)) };
  const type = PACKETS[chunk[0]];
  if (!type) throw new Error(`engine: seen packet "${chunk.slice(0, 40)}", expected a type from 0 to 6`);
  return { type, data: chunk.slice(1) };
}

function isBinary(value) {
  // By its tag: what comes from another frame is no instance of this one's classes.
  return typeof value === 'object' && value !== null && (ArrayBuffer.isView(value)
    || /^\[object (ArrayBuffer|Blob|File)\]$/.test(Object.prototype.toString.call(value)));
}

async function toBase64(data) {
  const blob = data.byteLength === undefined;
  const bytes = ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(blob ? await new Response(data).arrayBuffer() : data);
  let chars = '';
  for (let i = 0; i < bytes.length; i += 0x8000) { // more arguments than this overflow the stack
    chars += String.fromCharCode.apply(null, bytes.subarray(i, i + 0x8000));
  }
  return btoa(chars);
}

function fromBase64(text) {
  const chars = atob(text);
  const bytes = new Uint8Array(chars.length);
  for (let i = 0; i < chars.length; i++) bytes[i] = chars.charCodeAt(i);
  return bytes.buffer;
}

/** The bytes of a packet in a polling payload, with the separator. */
function payloadSize({ data }) {
  if (!isBinary(data)) return 2 + new TextEncoder().encode(data || '').length;
  return 2 + 4 * Math.ceil((data.byteLength === undefined ? data.size : data.byteLength) / 3);
}

// --- transports: `idle` takes packets now, `writable` takes a volatile event now

class Transport {
  constructor(engine) {
    this.engine = engine;
    this.closed = false;
  }

  get base() {
    const { secure, host } = this.engine.target;
    return `${this.scheme}${secure ? 's' : ''}://${host}${this.engine.opts.path.replace(/\/?$/, '/')}`;
  }

  _url() {
    const { id, opts } = this.engine;
    const query = Object.assign({}, opts.query, { EIO: 4, transport: this.name }, id && { sid: id });
    const stamp = opts.timestampRequests === null ? this.name === 'polling' : opts.timestampRequests;
    if (stamp) query[opts.timestampParam] = Date.now().toString(36) + Math.random().toString(36).slice(2, 6);
    const pairs = Object.keys(query).map((key) => `${encodeURIComponent(key)}=${encodeURIComponent(query[key])}`);
    return `${this.base}?${pairs.join('&')}`;
  }

  _receive(chunks) {
    let packets;
    try {
      packets = chunks.map(decodePacket);
    } catch (error) {
      return this._lost('parse error', error);
    }
    for (const packet of packets) this.engine._onPacket(this, packet);
  }

  _error(text, description, context) {
    const code = `transport.${this.name}`;
    return Object.assign(new Error(`${this.name}: ${text}`), { type: 'TransportError', code, description, context });
  }

  _lost(reason, detail) {
    if (this.closed) return;
    this.closed = true;
    this.engine._onLost(this, reason, detail);
  }
}

class Polling extends Transport {
  get idle() { return !this.closed && !this._posting; }
  get writable() { return this.idle; }

  open() {
    this._abort = new AbortController();
    this.resume();
  }

  /** Settles when neither a GET nor a POST is under way. No GET starts before `resume`. */
  pause() {
    this._paused = true;
    return Promise.all([this._polled, this._posted]);
  }

  resume() {
    this._paused = false;
    this._polled = this._poll();
  }

  async _poll() {
    try {
      while (!this._paused && !this.closed) this._receive((await this._request('GET')).split(SEPARATOR));
    } catch (error) {
      this._lost('transport error', error);
    }
  }

  send(packets) {
    this._posting = true;
    this._posted = this._post(packets);
  }

  async _post(packets) {
    try {
      const parts = packets.map(async (p) => (isBinary(p.data) ? `b${await toBase64(p.data)}` : encodeText(p)));
      await this._request('POST', (await Promise.all(parts)).join(SEPARATOR));
    } catch (error) {
      return this._lost('transport error', error);
    }
    this._posting = false;
    this.engine._onDrained(this);
  }

  async _request(method, body, keepalive = false) {
    const { opts, target } = this.engine;
    let response, text;
    try {
      response = await fetch(this._url(), {
        method, body, keepalive, headers: opts.extraHeaders, cache: 'no-store', signal: this._abort.signal,
        credentials: opts.withCredentials ? 'include' : 'same-origin',
      });
      text = await response.text();
    } catch (error) {
      const foreign = root.location && root.location.host !== target.host;
      const hint = foreign ? '; may this page\'s origin ask there? See the server\'s option cors' : '';
      throw this._error(`no answer from ${this.base} (${error.message})${hint}`, 0, error);
    }
    const { status } = response;
    if (status === 200) return text;
    throw this._error(`seen status ${status} ${text.slice(0, 200).trim()}, expected 200`, status, text);
  }

  /** politely: tells the server, which otherwise learns of it by the heartbeat. */
  close(politely) {
    const abort = () => this._abort.abort();
    const known = !this.closed && this.engine.id;
    this.closed = true;
    if (politely && known) this._request('POST', encodeText({ type: 'close' }), true).then(abort, abort);
    else abort();
  }
}

class WebSocketTransport extends Transport {
  get idle() { return !this.closed && this._ws.readyState === 1; }
  get writable() { return this.idle && this._ws.bufferedAmount < VOLATILE_LIMIT; }

  open() {
    const failed = (event) => {
      const why = event.message ? ` (${event.message})` : '';
      this._lost('transport error', this._error(`no connection to ${this.base}${why}`, event, event));
    };
    try {
      this._ws = new WebSocket(this._url());
    } catch (error) { // none in this runtime, or the page's policy forbids it
      Promise.resolve(error).then(failed);
      return;
    }
    this._ws.binaryType = 'arraybuffer';
    this._ws.onopen = () => this.engine._onOpened(this);
    this._ws.onmessage = (event) => this._receive([event.data]);
    this._ws.onerror = failed;
    this._ws.onclose = (event) => this._lost('transport close', { description: 'websocket closed', context: event });
  }

  send(packets) {
    for (const packet of packets) this._ws.send(isBinary(packet.data) ? packet.data : encodeText(packet));
    Promise.resolve().then(() => this.engine._onDrained(this));
  }

  close() {
    this.closed = true;
    if (this._ws) this._ws.close();
  }
}

Object.assign(Polling.prototype, { name: 'polling', scheme: 'http' });
Object.assign(WebSocketTransport.prototype, { name: 'websocket', scheme: 'ws' });
const TRANSPORTS = { polling: Polling, websocket: WebSocketTransport };

// --- Engine.IO session

let websocketWorked = false; // what `rememberUpgrade` remembers, for the whole page

/** Events: open, packet, packetCreate, data, ping, drain, upgrading, upgrade, upgradeError, error, close. */
class Engine extends Emitter {
  constructor(target, opts) {
    super();
    this.target = target;
    this.opts = opts;
    this.id = undefined;
    this.readyState = 'opening'; // then open, closing, closed
    this.writeBuffer = [];
    this.upgrading = false;
    this._probe = null; // the WebSocket that is tried while polling goes on
    const direct = opts.rememberUpgrade && websocketWorked && opts.transports.includes('websocket');
    this.transport = new TRANSPORTS[direct ? 'websocket' : opts.transports[0]](this);
    this._watchPage();
    this.transport.open();
  }

  _onPacket(transport, packet) {
    if (transport === this._probe) return this._onProbed(packet);
    if (transport !== this.transport || this.readyState === 'closed') return;
    this._fire('packet', packet);
    if (packet.type === 'message') this._fire('data', packet.data);
    else if (packet.type === 'open' && this.readyState === 'opening') this._onHandshake(packet.data);
    else if (packet.type === 'close') this._end('transport close', { description: 'closed by the server' });
    else if (packet.type === 'ping') {
      this._beat();
      this._write({ type: 'pong' });
      this._fire('ping');
    }
  }

  _onHandshake(text) {
    let data = null;
    try {
      data = JSON.parse(text);
    } catch (error) { /* told below */ }
    if (!data || !data.sid || !(data.pingInterval + data.pingTimeout > 0)) {
      const seen = `engine: seen handshake ${text.slice(0, 80)}`;
      return this._end('parse error', new Error(`${seen}, expected sid, pingInterval and pingTimeout`));
    }
    this.id = data.sid;
    this.maxPayload = data.maxPayload || Infinity;
    this._patience = Math.min(data.pingInterval + data.pingTimeout, LONGEST);
    this.readyState = 'open';
    websocketWorked = this.transport.name === 'websocket';
    this._beat();
    this._fire('open');
    const wanted = this.opts.upgrade && this.opts.transports.includes('websocket');
    if (wanted && this.readyState === 'open' && (data.upgrades || []).includes('websocket')) {
      this._probe = new WebSocketTransport(this);
      this._probe.open();
    }
  }

  // The server pings. When it has not for pingInterval + pingTimeout, it is gone.
  _beat() {
    clearTimeout(this._timer);
    this._deadline = Date.now() + this._patience; // by the wall clock, which goes on while the machine sleeps
    this._timer = setTimeout(() => this._end('ping timeout'), this._patience);
  }

  /** Whether what is written can arrive. It looks itself, since a hidden page's timers are late or stand still. */
  alive() {
    const late = this.readyState === 'open' && Date.now() > this._deadline;
    if (late) setTimeout(() => this._end('ping timeout'));
    return this.readyState === 'open' && !late && !this.transport.closed;
  }

  /** Sends one message: a string, ArrayBuffer, typed array or Blob. */
  write(data) {
    if (this.readyState === 'open') this._write({ type: 'message', data });
    return this;
  }

  _write(packet) {
    this._fire('packetCreate', packet);
    this.writeBuffer.push(packet);
    if (this.writeBuffer.length > 1) return;
    // Later in this turn, so that an event, its attachments and what else is emitted now share a request.
    Promise.resolve().then(() => this._flush());
  }

  _flush() {
    // During the change-over nothing may leave: one transport is being emptied, the other is not in use yet.
    if (this.upgrading || !this.transport.idle || !this.writeBuffer.length) return;
    this.transport.send(this.writeBuffer.splice(0, this._batch()));
  }

  /** How many packets fit into one payload of `maxPayload` bytes; at least one, which the server may refuse. */
  _batch() {
    if (this.transport.name === 'websocket') return this.writeBuffer.length;
    let size = -1; // no separator before the first
    const tooMany = this.writeBuffer.findIndex((packet) => (size += payloadSize(packet)) > this.maxPayload);
    return tooMany < 0 ? this.writeBuffer.length : Math.max(tooMany, 1);
  }

  _onDrained(transport) {
    if (transport !== this.transport) return;
    if (this.writeBuffer.length) this._flush();
    else this._fire('drain');
    this._closeWhenIdle();
  }

  // The upgrade: `2probe` goes by the WebSocket while polling goes on. After `3probe` no GET starts, what is under way
  // is waited for, then `5` goes by the WebSocket, and from there on everything does.

  _onOpened(transport) {
    if (transport === this._probe) transport.send([{ type: 'ping', data: 'probe' }]);
  }

  async _onProbed(packet) {
    const probe = this._probe;
    if (packet.type !== 'pong' || packet.data !== 'probe') {
      return this._upgradeFailed(probe._error(`seen packet ${encodeText(packet)}, expected the probe's answer 3probe`));
    }
    this.upgrading = true;
    this._fire('upgrading', probe);
    await this.transport.pause();
    if (this._probe !== probe) return; // lost or closed meanwhile
    this._probe = null;
    this.transport = probe;
    probe.send([{ type: 'upgrade' }]);
    websocketWorked = true;
    this._settle('upgrade', probe);
  }

  _upgradeFailed(error) {
    const probe = this._probe;
    const { upgrading, transport } = this;
    this._probe = null;
    probe.close();
    if (upgrading) transport.pause().then(() => transport.resume());
    this._settle('upgradeError', error);
  }

  _settle(event, detail) {
    this.upgrading = false;
    this._fire(event, detail);
    this._flush();
    this._closeWhenIdle();
  }

  /** Closes when all that was written has left. */
  close() {
    if (this.readyState === 'opening') this._end('forced close');
    if (this.readyState !== 'open') return;
    this.readyState = 'closing';
    this._closeWhenIdle();
  }

  _closeWhenIdle() {
    if (this.readyState === 'closing' && !this.upgrading && !this.writeBuffer.length && this.transport.idle) {
      this._end('forced close');
    }
  }

  _onLost(transport, reason, detail) {
    if (transport === this._probe) {
      this._upgradeFailed(detail instanceof Error ? detail : transport._error('closed while it was probed', detail));
    } else if (transport === this.transport && !this._leaving) this._end(reason, detail);
  }

  /** detail: an Error, or {description, context} of an ordinary close. */
  _end(reason, detail) {
    if (this.readyState === 'closed') return;
    const opening = this.readyState === 'opening';
    this.readyState = 'closed';
    if (opening) websocketWorked = false;
    clearTimeout(this._timer);
    clearTimeout(this._leaving);
    this._unwatchPage();
    // Where the server ended the session or is silent there is nobody to be polite to.
    this.transport.close(reason === 'forced close' || reason === 'parse error');
    if (this._probe) this._probe.close();
    this._probe = null;
    this.writeBuffer = [];
    if (detail instanceof Error) this._fire('error', detail);
    else if (opening) this._fire('error', this.transport._error(`${reason} before the handshake`, detail));
    this._fire('close', reason, detail);
  }

  _watchPage() {
    const handlers = {
      beforeunload: () => this._leave(),
      pagehide: () => { this._leave(); this.transport.close(true); },
      offline: () => this._end('transport close', { description: 'network connection lost' }),
      visibilitychange: () => { if (!root.document.hidden) this.alive(); },
    };
    const names = root.document ? Object.keys(handlers) : [];
    // visibilitychange is the document's, and bubbles up to the window.
    for (const name of names) root.addEventListener(name, handlers[name]);
    this._unwatchPage = () => names.forEach((name) => root.removeEventListener(name, handlers[name]));
  }

  // A page that is left closes quietly: no event, no reconnection. One that stays after all (a download, a second
  // thought) or comes back from the browser's cache finds its timers running again, and hears of the loss then.
  _leave() {
    clearTimeout(this._leaving);
    this._leaving = setTimeout(() => {
      this._leaving = 0;
      if (this.transport.closed) this._end('transport close', { description: 'the page was being left' });
    }, STAY);
  }
}

// --- Socket.IO packets: {type, nsp, data, id}

const PacketType = { CONNECT: 0, DISCONNECT: 1, EVENT: 2, ACK: 3, CONNECT_ERROR: 4, BINARY_EVENT: 5, BINARY_ACK: 6 };
const { CONNECT, DISCONNECT, EVENT, ACK, CONNECT_ERROR, BINARY_EVENT, BINARY_ACK } = PacketType;
const RESERVED = ['connect', 'connect_error', 'disconnect', 'disconnecting', 'newListener', 'removeListener'];

class Encoder {
  /** The chunks that carry a packet: a string, then an ArrayBuffer, typed array or Blob for each attachment. */
  encode({ type, nsp, data, id }) {
    const attachments = [];
    let json = '';
    if (type === EVENT || type === ACK) {
      // `this[key]` is the value before its toJSON, which a Buffer has.
      json = JSON.stringify(data, function (key, value) {
        return isBinary(this[key]) ? { _placeholder: true, num: attachments.push(this[key]) - 1 } : value;
      });
    } else if (data) json = JSON.stringify(data);
    const binary = attachments.length > 0;
    const kind = binary ? `${type + BINARY_EVENT - EVENT}${attachments.length}-` : type;
    return [`${kind}${nsp && nsp !== '/' ? `${nsp},` : ''}${id === undefined ? '' : id}${json}`].concat(attachments);
  }
}

const HEAD = /^([0-6])(?:(\d+)-)?(?:(\/[^,]*)(?:,|$))?(\d+)?/; // type, attachments, nsp, id; JSON follows

/** Emits `decoded` with each packet; `add` throws for what is none. */
class Decoder extends Emitter {
  add(chunk) {
    if ((typeof chunk === 'string') === Boolean(this._head)) {
      throw new Error(`socket.io: seen ${this._head ? 'text, expected an attachment' : 'binary, expected text'}`);
    }
    if (this._head) this._attachments.push(chunk);
    else {
      this._head = HEAD.exec(chunk);
      this._attachments = [];
      if (!this._head || (this._head[1] >= BINARY_EVENT) !== (this._head[2] !== undefined)) this._refuse(chunk);
    }
    if (this._attachments.length >= (this._head[2] || 0)) this._finish();
  }

  destroy() { this._head = null; }

  _finish() {
    const [head, type, count, nsp, id] = this._head;
    const json = this._head.input.slice(head.length);
    const packet = { type: +type, nsp: nsp || '/', id: id && +id };
    if (json) packet.data = JSON.parse(json, count && ((key, value) => this._place(value)));
    if (!wellFormed(packet)) this._refuse(this._head.input);
    this._head = null;
    this._fire('decoded', packet);
  }

  _place(value) {
    if (!value || value._placeholder !== true) return value;
    const { length } = this._attachments;
    if (Number.isInteger(value.num) && this._attachments[value.num]) return this._attachments[value.num];
    throw new Error(`socket.io: seen placeholder ${value.num}, expected a number below ${length}`);
  }

  _refuse(chunk) {
    throw new Error(`socket.io: seen "${chunk.slice(0, 40)}", expected a packet of protocol revision 5`);
  }
}

function wellFormed({ type, data, id }) {
  if (type === CONNECT) return data === undefined || typeof data === 'object';
  if (type === DISCONNECT) return data === undefined;
  if (type === CONNECT_ERROR) return Boolean(data);
  if (type === ACK || type === BINARY_ACK) return Array.isArray(data) && id !== undefined;
  return Array.isArray(data) && /^(string|number)$/.test(typeof data[0]) && !RESERVED.includes(data[0]);
}

// --- manager

/** Events: open, error, close, ping, packet, reconnect_attempt, reconnect, reconnect_error, reconnect_failed. */
class Manager extends Emitter {
  constructor(uri, opts) {
    super();
    if (uri && typeof uri === 'object') [uri, opts] = [undefined, uri];
    this._target = readUri(uri);
    this.uri = this._target.uri;
    this.opts = readOptions(Object.assign({ query: this._target.query }, opts));
    this.nsps = {};
    this.engine = null;
    this._readyState = 'closed'; // opening, open
    this._reconnecting = false; // waits or tries
    this._skipReconnect = false; // closed by the app
    this._attempts = 0;
    const parser = this.opts.parser || { Encoder, Decoder };
    this.encoder = new parser.Encoder();
    this.decoder = new parser.Decoder();
    this.decoder.on('decoded', (packet) => this._onPacket(packet));
    if (this.opts.autoConnect) this.open();
  }

  /** The socket of a namespace, made at the first call. */
  socket(nsp, opts) {
    const known = this.nsps[nsp];
    if (known && this.opts.autoConnect && !known.active) known.connect();
    return known || new Socket(this, nsp, opts || {});
  }

  /** callback(error): without one a failure starts the reconnection. */
  open(callback) {
    if (this._readyState !== 'closed') return this;
    clearTimeout(this._timer);
    this._readyState = 'opening';
    this._skipReconnect = false;
    const engine = this.engine = new Engine(this._target, this.opts);
    const own = (fn) => (...args) => { if (this.engine === engine && this._readyState !== 'closed') fn(...args); };
    engine.on('open', own(() => this._onOpen(callback)));
    engine.on('data', own((data) => this._onData(data)));
    engine.on('ping', own(() => this._fire('ping')));
    engine.on('error', own((error) => this._onError(error, callback)));
    engine.on('close', own((reason, detail) => this._onClose(reason, detail)));
    const { timeout } = this.opts;
    if (timeout !== false) {
      this._timer = setTimeout(() => this._onError(new Error('timeout'), callback), Math.min(timeout, LONGEST));
    }
    return this;
  }

  /** Closes the connection of all namespaces, for good. */
  close() {
    this._skipReconnect = true;
    this._reconnecting = false;
    this._onClose('forced close');
  }

  _active() {
    return Object.keys(this.nsps).map((nsp) => this.nsps[nsp]).filter((socket) => socket.active);
  }

  /** Lets go of the engine, which closes by itself once it has sent what it was given. */
  _release() {
    clearTimeout(this._timer);
    this._readyState = 'closed';
    this.decoder.destroy();
    if (this.engine) this.engine.close();
  }

  _onOpen(callback) {
    clearTimeout(this._timer);
    this._readyState = 'open';
    this._reconnecting = false;
    this._fire('open');
    for (const socket of this._active()) socket._join();
    if (callback) callback();
  }

  _onData(data) {
    try {
      this.decoder.add(data);
    } catch (error) {
      this._onClose('parse error', error);
    }
  }

  _onPacket(packet) {
    this._fire('packet', packet);
    const socket = this.nsps[packet.nsp];
    if (socket) socket._onPacket(packet);
  }

  _onError(error, callback) {
    if (this._readyState === 'open') return this._fire('error', error); // `close` follows
    this._release();
    this._fire('error', error);
    for (const socket of this._active()) socket._fire('connect_error', error);
    this._reconnecting = false;
    if (callback) callback(error);
    else this._reconnect();
  }

  _onClose(reason, detail) {
    const wasOpen = this._readyState === 'open';
    this._release();
    this._attempts = 0;
    if (wasOpen) {
      this._fire('close', reason, detail);
      for (const socket of this._active()) socket._onClose(reason, detail);
    }
    this._reconnect();
  }

  _reconnect() {
    if (this._skipReconnect || this._readyState !== 'closed' || !this.opts.reconnection) return;
    const { reconnectionAttempts, reconnectionDelay, reconnectionDelayMax, randomizationFactor } = this.opts;
    if (this._attempts >= reconnectionAttempts) {
      this._attempts = 0;
      this._fire('reconnect_failed');
      return;
    }
    // Doubles with each attempt; at random around that, or all clients of a restarted server come back at once.
    const jitter = 1 + randomizationFactor * (2 * Math.random() - 1);
    const delay = Math.min(reconnectionDelay * 2 ** this._attempts * jitter, reconnectionDelayMax);
    this._reconnecting = true;
    this._timer = setTimeout(() => this._tryAgain(++this._attempts), delay);
  }

  _tryAgain(attempt) {
    this._fire('reconnect_attempt', attempt);
    if (this._skipReconnect || !this.opts.reconnection) { // a handler said so
      this._reconnecting = false;
      return;
    }
    this.open((error) => {
      this._fire(error ? 'reconnect_error' : 'reconnect', error || attempt);
      if (error) this._reconnect();
    });
  }
}
Manager.prototype.connect = Manager.prototype.open;
Manager.prototype.disconnect = Manager.prototype.close;
for (const name of Object.keys(DEFAULTS).filter((key) => /^(reconnection|random|timeout)/.test(key))) {
  /** reconnection, reconnectionDelay, ...: without a value what is set; with one sets it and returns the manager. */
  Manager.prototype[name] = function (value) {
    if (value === undefined) return this.opts[name];
    this.opts[name] = value;
    return this;
  };
}

// --- socket

/** Events: connect, connect_error(error), disconnect(reason, detail), and the app's own. */
class Socket extends Emitter {
  constructor(manager, nsp, opts) {
    super();
    this.io = manager;
    this.nsp = nsp;
    this.auth = opts.auth; // an object, or a function that calls back with one
    this.id = undefined;
    this.connected = false;
    this.recovered = false;
    this.active = false; // wants to be connected
    this.receiveBuffer = []; // events that came before the answer to CONNECT
    this.sendBuffer = []; // events that wait for the connection
    this.acks = new Map(); // id -> {fn, errorFirst, timer}
    this.flags = {}; // of the next emit
    this._nextId = 0;
    this._asked = null; // the engine that carries a CONNECT not answered yet
    this._ackTimeout = opts.ackTimeout;
    this._any = [];
    this._anyOutgoing = [];
    manager.nsps[nsp] = this;
    if (manager.opts.autoConnect) this.connect();
  }

  get disconnected() { return !this.connected; }

  connect() {
    if (this.connected) return this;
    this.active = true;
    if (this.io._readyState === 'open') this._join();
    else if (!this.io._reconnecting) this.io.open();
    return this;
  }

  disconnect() {
    if (this.connected) this._packet(DISCONNECT);
    this._leave('io client disconnect');
    return this;
  }

  send(...args) { return this.emit('message', ...args); }

  /** A function as last argument gets the acknowledgement. Throws for a reserved name and for what JSON can't hold. */
  emit(name, ...args) {
    const fn = typeof args[args.length - 1] === 'function' ? args.pop() : null;
    return this._emit(name, args, fn, false);
  }

  /** A promise of the acknowledgement's first value; rejected when the time is up or the connection is lost. */
  emitWithAck(name, ...args) {
    return new Promise((resolve, reject) => {
      this._emit(name, args, (error, value) => (error ? reject(error) : resolve(value)), true);
    });
  }

  /** The next emit's acknowledgement comes as (error, ...values); the error at the latest after `ms`. */
  timeout(ms) {
    this.flags.timeout = ms;
    return this;
  }

  /** The next emit is dropped where it can't leave now. */
  get volatile() {
    this.flags.volatile = true;
    return this;
  }

  /** Accepted for the API's sake: what a browser compresses is not the page's to say. */
  compress(compress) {
    this.flags.compress = compress;
    return this;
  }

  _emit(name, args, fn, errorFirst) {
    const { volatile, timeout = this._ackTimeout, compress = true } = this.flags;
    this.flags = {};
    if (RESERVED.includes(name)) throw new Error(`"${name}" is a reserved event name`);
    const packet = { type: EVENT, nsp: this.nsp, data: [name].concat(args), options: { compress } };
    if (fn) packet.id = this._nextId++;
    packet.chunks = this.io.encoder.encode(packet); // now, so that what can't be sent fails at the call
    if (fn) this._expectAck(packet.id, fn, errorFirst, timeout);
    const alive = this.connected && this.io.engine.alive();
    const drop = volatile && !(alive && this.io.engine.transport.writable);
    if (drop) this._failAck(packet.id, 'the volatile event was dropped');
    else if (alive) this._transmit(packet);
    else this.sendBuffer.push(packet);
    return this;
  }

  _transmit(packet) {
    for (const fn of this._anyOutgoing) call(fn, this, packet.data);
    for (const chunk of packet.chunks) this.io.engine.write(chunk);
  }

  _packet(type, data, id) {
    for (const chunk of this.io.encoder.encode({ type, nsp: this.nsp, data, id })) this.io.engine.write(chunk);
  }

  _expectAck(id, fn, errorFirst, timeout) {
    const timed = typeof timeout === 'number';
    const timer = timed && setTimeout(() => {
      this.sendBuffer = this.sendBuffer.filter((packet) => packet.id !== id);
      this._failAck(id, 'operation has timed out');
    }, Math.min(timeout, LONGEST));
    this.acks.set(id, { fn, errorFirst: errorFirst || timed, timer });
  }

  _takeAck(id) {
    const ack = this.acks.get(id);
    this.acks.delete(id);
    if (ack) clearTimeout(ack.timer);
    return ack;
  }

  _failAck(id, text) {
    const ack = this._takeAck(id);
    if (ack && ack.errorFirst) call(ack.fn, this, [new Error(text)]);
  }

  _join() {
    const { engine } = this.io;
    if (this._asked === engine) return; // a second CONNECT would break the protocol
    this._asked = engine;
    const ask = (auth) => {
      if (this._asked !== engine || this.io.engine !== engine) return;
      // Recovery: the session to take up again, and the last event that came of it.
      this._packet(CONNECT, this._pid ? Object.assign({ pid: this._pid, offset: this._offset }, auth) : auth);
    };
    if (typeof this.auth === 'function') call(this.auth, this, [ask]);
    else ask(this.auth);
  }

  _onPacket({ type, data, id }) {
    if (type === CONNECT || type === CONNECT_ERROR) this._asked = null;
    if (!this.active) {
      if (type === CONNECT) this._packet(DISCONNECT); // given up before this answer came
    } else if (type === CONNECT) this._onConnect(data || {});
    else if (type === CONNECT_ERROR) {
      this._leave();
      this._fire('connect_error', Object.assign(new Error(data.message || data), { data: data.data }));
    } else if (type === DISCONNECT) this._leave('io server disconnect');
    else if (type === ACK || type === BINARY_ACK) {
      const ack = this._takeAck(id);
      if (ack) call(ack.fn, this, ack.errorFirst ? [null].concat(data) : data);
    } else this._onEvent(id === undefined ? data : data.concat(this._answer(id)));
  }

  _onConnect({ sid, pid }) {
    if (!sid) {
      this._fire('connect_error', new Error('seen a Socket.IO 2.x server (protocol revision 4), expected 3.x or 4.x'));
      return;
    }
    this.id = sid;
    this.recovered = Boolean(pid) && pid === this._pid;
    this._pid = pid;
    this.connected = true;
    for (const args of this.receiveBuffer.splice(0)) this._onEvent(args);
    while (this.connected && this.sendBuffer.length) this._transmit(this.sendBuffer.shift());
    if (this.connected) this._fire('connect');
  }

  _onEvent(args) {
    if (!this.connected) return this.receiveBuffer.push(args);
    for (const fn of this._any) call(fn, this, args);
    this._fire(...args);
    const last = args[args.length - 1];
    if (this._pid && typeof last === 'string') this._offset = last;
  }

  _answer(id) {
    let { engine } = this.io; // the ids of a later connection are not these
    return (...args) => {
      if (this.connected && this.io.engine === engine) this._packet(ACK, args, id);
      engine = null; // once
    };
  }

  /** Ends this namespace's part, and the connection where it was the last. */
  _leave(reason) {
    const { connected } = this;
    this.active = this.connected = false;
    if (!this.io._active().length) this.io.close();
    if (connected) this._onClose(reason, undefined, connected);
  }

  _onClose(reason, detail, connected = this.connected) {
    this.connected = false;
    this.id = undefined;
    this.receiveBuffer = [];
    if (connected) this._fire('disconnect', reason, detail);
    else this._fire('connect_error', new Error(`${reason} before the namespace ${this.nsp} answered`));
    for (const id of Array.from(this.acks.keys())) {
      if (!this.sendBuffer.some((packet) => packet.id === id)) this._failAck(id, 'socket has been disconnected');
    }
  }
}
Socket.prototype.open = Socket.prototype.connect;
Socket.prototype.close = Socket.prototype.disconnect;

// onAny, prependAny, offAny, listenersAny; and with Outgoing at the end, for what leaves.
for (const suffix of ['', 'Outgoing']) {
  const key = `_any${suffix}`;
  const set = (name, change) => {
    Socket.prototype[`${name}Any${suffix}`] = function (fn) {
      this[key] = change(this[key], fn);
      return this;
    };
  };
  set('on', (list, fn) => list.concat(fn));
  set('prepend', (list, fn) => [fn].concat(list));
  set('off', (list, fn) => (fn ? list.filter((other) => other !== fn) : []));
  Socket.prototype[`listenersAny${suffix}`] = function () { return this[key]; };
}

// --- io()

const managers = {}; // by host and path: the connections that namespaces share

/** {uri, secure, host, nsp, query} of a URL, of a path on the page's own host, or of nothing, which is that host. */
function readUri(uri) {
  const page = root.location;
  let text = uri === undefined || uri === null ? '' : String(uri);
  if (!/^\w+:\/\//.test(text)) {
    if (page && /^(\/(?!\/)|$)/.test(text)) text = page.host + text;
    text = `${page ? page.protocol : 'http:'}//${text.replace(/^\/\//, '')}`;
  }
  const found = /^(?:http|ws)(s?):\/\/([^/?#]+)([^?#]*)(?:\?([^#]*))?/i.exec(text);
  if (!found) throw new Error(`io: seen "${text}", expected a URL such as http://host:port/namespace`);
  const secure = found[1] !== '';
  const query = {};
  new URLSearchParams(found[4] || '').forEach((value, key) => { query[key] = value; });
  return { uri: text, secure, host: found[2].replace(secure ? /:443$/ : /:80$/, ''), nsp: found[3] || '/', query };
}

/**
 * The socket of a namespace: the URL's path names it; the option `path` is where the server listens.
 * Namespaces of one server share a connection, unless forceNew or multiplex: false says otherwise.
 */
function io(uri, opts) {
  if (uri && typeof uri === 'object') [uri, opts] = [undefined, uri];
  const { secure, host, nsp } = readUri(uri);
  opts = opts || {};
  const key = `${secure} ${host} ${opts.path || DEFAULTS.path}`;
  const shared = managers[key];
  // A namespace asked for twice means two sockets, and so two connections.
  const apart = opts.forceNew || opts.multiplex === false || shared && shared.nsps[nsp];
  const manager = apart || !shared ? new Manager(uri, opts) : shared;
  if (!apart) managers[key] = manager;
  return manager.socket(nsp, opts);
}

Object.assign(io, { io, connect: io, Manager, Socket, Encoder, Decoder, PacketType, protocol: 5 });
if (typeof module === 'object' && module.exports) module.exports = io;
else root.io = io;
}(typeof self === 'object' ? self : globalThis));
