'use strict';

const assert = require('node:assert/strict');
const official = require('socket.io-parser');
const { io, next, pair, test } = require('../support');

const { Decoder, Encoder, PacketType } = io;

const PACKETS = [
  { type: PacketType.CONNECT, nsp: '/' },
  { type: PacketType.CONNECT, nsp: '/admin', data: { token: '1' } },
  { type: PacketType.DISCONNECT, nsp: '/a,b'.slice(0, 2) },
  { type: PacketType.EVENT, nsp: '/', data: ['hello', 1, null, { a: 'é' }] },
  { type: PacketType.EVENT, nsp: '/n', id: 0, data: ['with id'] },
  { type: PacketType.EVENT, nsp: '/', id: 12345, data: ['1-["x"]', '2,', '/y,'] },
  { type: PacketType.ACK, nsp: '/n', id: 3, data: [] },
  { type: PacketType.CONNECT_ERROR, nsp: '/', data: { message: 'no' } },
];

/** The packet that a decoder makes of the chunks. */
function decode(decoder, chunks) {
  let packet;
  decoder.on('decoded', (one) => { packet = one; });
  for (const chunk of chunks) decoder.add(chunk);
  return packet;
}

for (const packet of PACKETS) {
  test(`parser: it writes and reads ${JSON.stringify(packet)} as the official one does`, () => {
    const chunks = new Encoder().encode(packet);
    assert.deepEqual(chunks, new official.Encoder().encode(packet));
    const plain = (one) => JSON.parse(JSON.stringify(one));
    assert.deepEqual(plain(decode(new Decoder(), chunks)), plain(decode(new official.Decoder(), chunks)));
  });
}

test('parser: packets with attachments are the same as the official ones', () => {
  const args = ['x', Buffer.from([1]), { y: [Buffer.from([2, 3])] }];
  const packet = { type: PacketType.EVENT, nsp: '/n', id: 7, data: args };
  const chunks = new Encoder().encode(packet);
  assert.deepEqual(chunks, new official.Encoder().encode(packet));
  const { type, nsp, id, data } = decode(new Decoder(), chunks);
  assert.deepEqual({ type, nsp, id, data }, Object.assign({}, packet, { type: PacketType.BINARY_EVENT }));
});

test('parser: the numbers of the types are the official ones', () => {
  for (const name of Object.keys(PacketType)) assert.equal(PacketType[name], official.PacketType[name]);
});

test('parser: the official parser can take the place of ours', async (t) => {
  const { peer, socket } = await pair(t, {}, { parser: official });
  peer.on('echo', (data, answer) => answer(data));
  assert.deepEqual([...new Uint8Array(await socket.emitWithAck('echo', Uint8Array.from([1, 2])))], [1, 2]);
});

test('parser: another parser on both sides speaks its own language', async (t) => {
  const { EventEmitter } = require('node:events');
  class LineEncoder {
    encode(packet) {
      return [`!${JSON.stringify({ type: packet.type, nsp: packet.nsp, data: packet.data, id: packet.id })}`];
    }
  }
  class LineDecoder extends EventEmitter {
    add(chunk) {
      if (chunk[0] !== '!') throw new Error('no line');
      this.emit('decoded', JSON.parse(chunk.slice(1)));
    }

    destroy() {}
  }
  const parser = { Encoder: LineEncoder, Decoder: LineDecoder };
  const { peer, socket } = await pair(t, { parser }, { parser });
  peer.on('echo', (data, answer) => answer(data));
  assert.deepEqual(await socket.emitWithAck('echo', { a: 1 }), { a: 1 });
  const lost = next(socket, 'disconnect');
  peer.conn.write('?');
  assert.equal((await lost)[0], 'parse error');
});
