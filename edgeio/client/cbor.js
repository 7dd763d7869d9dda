/*
 * The browser's side of the CBOR parser: each packet one binary message, binary values inside (RFC 8949).
 *
 *   <script src="/socket.io/socket.io.js"></script>
 *   <script src="/socket.io/cbor.js"></script>
 *   const socket = io({ parser: cborParser });
 *
 * For our client and for the official ones. Sets the global `cborParser`; in CommonJS it is the module.
 */
(function (root) {
'use strict';

const UINT = 0, NEGATIVE = 1, BYTES = 2, TEXT = 3, LIST = 4, MAP = 5, SIMPLE = 7; // major types (section 3.1)
const FALSE = 0xf4, TRUE = 0xf5, NULL = 0xf6, FLOAT = 0xfb;
const MAX_DEPTH = 32; // levels of lists and maps; the server takes no more
const WORD = 2 ** 32;

class Writer {
  constructor() {
    this.bytes = new Uint8Array(256);
    this.view = new DataView(this.bytes.buffer);
    this.end = 0;
  }

  // Room for `n` more bytes; where they begin.
  room(n) {
    const at = this.end;
    this.end += n;
    if (this.end > this.bytes.length) {
      const larger = new Uint8Array(Math.max(this.end, this.bytes.length * 2));
      larger.set(this.bytes);
      this.bytes = larger;
      this.view = new DataView(larger.buffer);
    }
    return at;
  }

  byte(value) {
    const at = this.room(1); // first: it may replace the view
    this.view.setUint8(at, value);
  }

  // A major type with its argument (section 3).
  head(major, n) {
    const type = major << 5;
    if (n < 24) return this.byte(type | n);
    const size = n < 0x100 ? 1 : n < 0x10000 ? 2 : n < WORD ? 4 : 8;
    this.byte(type | 24 + Math.log2(size));
    const at = this.room(size);
    if (size === 1) this.view.setUint8(at, n);
    else if (size === 2) this.view.setUint16(at, n);
    else if (size === 4) this.view.setUint32(at, n);
    else {
      this.view.setUint32(at, Math.floor(n / WORD));
      this.view.setUint32(at + 4, n % WORD);
    }
  }

  raw(major, bytes) {
    this.head(major, bytes.length);
    const at = this.room(bytes.length);
    this.bytes.set(bytes, at);
  }

  number(value) {
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
      return value < 0 ? this.head(NEGATIVE, -1 - value) : this.head(UINT, value);
    }
    this.byte(FLOAT);
    const at = this.room(8);
    this.view.setFloat64(at, value);
  }

  value(value, depth) {
    if (depth > MAX_DEPTH) throw new Error(`cbor: nested more than ${MAX_DEPTH} levels`);
    if (value && typeof value.toJSON === 'function' && !ArrayBuffer.isView(value)) value = value.toJSON();
    if (typeof value === 'string') this.raw(TEXT, new TextEncoder().encode(value));
    else if (typeof value === 'number') this.number(value);
    else if (typeof value === 'boolean') this.byte(value ? TRUE : FALSE);
    else if (value === null || value === undefined || typeof value === 'function') this.byte(NULL);
    else if (value instanceof ArrayBuffer) this.raw(BYTES, new Uint8Array(value));
    else if (ArrayBuffer.isView(value)) this.raw(BYTES, new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
    else if (Array.isArray(value)) {
      this.head(LIST, value.length);
      for (const item of value) this.value(item, depth + 1);
    } else if (typeof value === 'object' && !(typeof Blob !== 'undefined' && value instanceof Blob)) {
      // As JSON has it: what has no value is left out.
      const keys = Object.keys(value).filter((key) => value[key] !== undefined && typeof value[key] !== 'function');
      this.head(MAP, keys.length);
      for (const key of keys) {
        this.raw(TEXT, new TextEncoder().encode(key));
        this.value(value[key], depth + 1);
      }
    } else throw new Error(`cbor: seen ${typeof value} ${Object.prototype.toString.call(value)}, which has no form here`);
  }
}

class Reader {
  constructor(bytes) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = 0;
  }

  // Skips `n` bytes; where they began.
  skip(n) {
    const at = this.at;
    if (n > this.bytes.length - at) throw new Error('cbor: the packet is cut off');
    this.at += n;
    return at;
  }

  argument(info) {
    if (info < 24) return info;
    if (info === 24) return this.view.getUint8(this.skip(1));
    if (info === 25) return this.view.getUint16(this.skip(2));
    if (info === 26) return this.view.getUint32(this.skip(4));
    if (info !== 27) throw new Error('cbor: a length that is not defined');
    const at = this.skip(8);
    return this.view.getUint32(at) * WORD + this.view.getUint32(at + 4);
  }

  raw(n) {
    const at = this.skip(n);
    return this.bytes.subarray(at, at + n);
  }

  value(depth) {
    if (depth > MAX_DEPTH) throw new Error(`cbor: nested more than ${MAX_DEPTH} levels`);
    const initial = this.view.getUint8(this.skip(1));
    const major = initial >> 5;
    if (major === SIMPLE) return this.simple(initial);
    const n = this.argument(initial & 31);
    if (major === UINT) return n;
    if (major === NEGATIVE) return -1 - n;
    if (major === BYTES) return this.raw(n).slice().buffer;
    if (major === TEXT) return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(this.raw(n));
    if (n > this.bytes.length - this.at) throw new Error('cbor: the packet is cut off');
    if (major === LIST) return Array.from({ length: n }, () => this.value(depth + 1));
    if (major === MAP) return this.map(n, depth);
    throw new Error('cbor: tags are not served');
  }

  map(n, depth) {
    const entries = [];
    for (let i = 0; i < n; i++) entries.push([String(this.value(depth + 1)), this.value(depth + 1)]);
    return Object.fromEntries(entries); // not by assignment: `__proto__` is a key like any other
  }

  simple(initial) {
    if (initial === FALSE || initial === TRUE) return initial === TRUE;
    if (initial === NULL || initial === NULL + 1) return null;
    if (initial === FLOAT) return this.view.getFloat64(this.skip(8));
    if (initial === FLOAT - 1) return this.view.getFloat32(this.skip(4));
    if (initial === FLOAT - 2) return half(this.view.getUint16(this.skip(2)));
    throw new Error('cbor: a simple value that is not defined');
  }
}

// Section 3.3 and appendix D.
function half(bits) {
  const exponent = bits >> 10 & 31;
  const fraction = bits & 1023;
  const value = exponent === 31 ? (fraction ? NaN : Infinity)
    : exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25);
  return bits & 0x8000 ? -value : value;
}

function bytesOf(chunk) {
  if (chunk instanceof ArrayBuffer) return new Uint8Array(chunk);
  if (ArrayBuffer.isView(chunk)) return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  throw new Error(`cbor: seen ${typeof chunk}, expected a binary message`);
}

class Encoder {
  // Clients of protocol revision 4 take the chunks in a callback.
  encode({ type, nsp, data, id }, callback) {
    const packet = { type: type === 5 ? 2 : type === 6 ? 3 : type, nsp };
    if (data !== undefined) packet.data = data;
    if (id !== undefined) packet.id = id;
    const writer = new Writer();
    writer.value(packet, 0);
    const chunks = [writer.bytes.slice(0, writer.end).buffer];
    if (callback) callback(chunks);
    return chunks;
  }
}

/** Calls the listeners of `decoded` with each packet; `add` throws for what is none. */
class Decoder {
  constructor() {
    this.listeners = [];
  }

  on(event, fn) {
    if (event === 'decoded') this.listeners.push(fn);
    return this;
  }

  off(event, fn) {
    this.listeners = fn ? this.listeners.filter((listener) => listener !== fn) : [];
    return this;
  }

  removeListener(event, fn) {
    return this.off(event, fn);
  }

  add(chunk) {
    const reader = new Reader(bytesOf(chunk));
    const packet = reader.value(0);
    if (reader.at !== reader.bytes.length) throw new Error('cbor: something behind the packet');
    if (!packet || !(packet.type >= 0 && packet.type <= 4) || typeof packet.nsp !== 'string') {
      throw new Error('cbor: not a packet');
    }
    this.listeners.slice().forEach((listener) => listener(packet));
  }

  destroy() {
    this.listeners = [];
  }
}

const cborParser = { Encoder, Decoder };
if (typeof module === 'object' && module.exports) module.exports = cborParser;
else root.cborParser = cborParser;
})(typeof self === 'undefined' ? globalThis : self);
