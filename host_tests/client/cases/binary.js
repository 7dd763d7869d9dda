'use strict';

const assert = require('node:assert/strict');
const { File } = require('node:buffer');
const { collect, next, pair, test } = require('../support');

const whole = Uint8Array.from([9, 1, 2, 255, 0, 9]);
const FORMS = {
  'a typed array': [Uint8Array.from([1, 2, 255, 0]), [1, 2, 255, 0]],
  'a view on a part of a buffer': [whole.subarray(1, 5), [1, 2, 255, 0]],
  'an ArrayBuffer': [Uint8Array.from([1, 2]).buffer, [1, 2]],
  'a wide typed array': [new Uint16Array([258, 1]), [2, 1, 1, 0]],
  'a DataView': [new DataView(whole.buffer, 3, 2), [255, 0]],
  'a Buffer': [Buffer.from('hé'), [104, 195, 169]],
  'a Blob': [new Blob([Uint8Array.from([7, 8]), 'é']), [7, 8, 195, 169]],
  'a File': [new File(['ab'], 'a.txt'), [97, 98]],
  'nothing': [new Uint8Array(0), []],
};

for (const transport of ['polling', 'websocket']) {
  for (const form of Object.keys(FORMS)) {
    test(`binary: ${form} goes by ${transport}`, async (t) => {
      const [data, bytes] = FORMS[form];
      const { peer, socket } = await pair(t, {}, { transports: [transport] });
      const got = collect(peer, 'data', 2);
      socket.emit('data', data, { deep: [data, 'text'] }).emit('data', 'then text');
      const [[plain, { deep }], [text]] = await got;
      assert.deepEqual([...plain], bytes);
      assert.deepEqual([...deep[0]], bytes);
      assert.equal(deep[1], 'text');
      assert.equal(text, 'then text');
    });
  }

  test(`binary: it comes as ArrayBuffer by ${transport}, in its place`, async (t) => {
    const { peer, socket } = await pair(t, {}, { transports: [transport] });
    const got = next(socket, 'data');
    peer.emit('data', Buffer.from([1, 200]), { a: [Buffer.from([3]), null], b: Buffer.alloc(0) }, 'x');
    const [first, { a, b }, text] = await got;
    assert.ok(first instanceof ArrayBuffer);
    assert.deepEqual([...new Uint8Array(first)], [1, 200]);
    assert.deepEqual([...new Uint8Array(a[0])], [3]);
    assert.equal(a[1], null);
    assert.equal(b.byteLength, 0);
    assert.equal(text, 'x');
  });

  test(`binary: acknowledgements carry it both ways by ${transport}`, async (t) => {
    const { peer, socket } = await pair(t, {}, { transports: [transport] });
    peer.on('echo', (data, answer) => answer({ data }));
    const { data } = await socket.emitWithAck('echo', Uint8Array.from([5, 6]));
    assert.deepEqual([...new Uint8Array(data)], [5, 6]);
    socket.on('ask', (value, answer) => answer([value, new Uint8Array([1])]));
    const [back, own] = await peer.emitWithAck('ask', Buffer.from([8]));
    assert.deepEqual([[...back], [...own]], [[8], [1]]);
  });

  test(`binary: a megabyte goes and comes by ${transport}`, async (t) => {
    const { peer, socket } = await pair(t, { maxHttpBufferSize: 1e7 }, { transports: [transport] });
    peer.on('echo', (data, answer) => answer(data));
    const sent = new Uint8Array(1 << 20).map((_, i) => i * 31);
    const back = await socket.emitWithAck('echo', sent);
    assert.equal(Buffer.compare(Buffer.from(back), Buffer.from(sent)), 0);
  });
}

test('binary: order is kept where a Blob has to be read first', async (t) => {
  for (const transports of [['polling'], ['websocket'], ['polling', 'websocket']]) {
    const { peer, socket } = await pair(t, {}, { transports });
    const got = collect(peer, 'n', 30);
    for (let n = 0; n < 30; n++) socket.emit('n', n, n % 3 ? n : new Blob(['x'.repeat(1000)]));
    assert.deepEqual((await got).map(([n]) => n), Array.from({ length: 30 }, (_, n) => n));
  }
});

test('binary: objects with toJSON are sent as they say, Dates included', async (t) => {
  const { peer, socket } = await pair(t);
  const got = next(peer, 'x');
  socket.emit('x', { toJSON: () => ({ data: Uint8Array.from([4]) }) }, new Date(0));
  const [{ data }, date] = await got;
  assert.deepEqual([...data], [4]);
  assert.equal(date, '1970-01-01T00:00:00.000Z');
});

test('binary: what is emitted is not changed', async (t) => {
  const { peer, socket } = await pair(t);
  const value = { file: Uint8Array.from([1]), list: [Uint8Array.from([2])] };
  const got = next(peer, 'x');
  socket.emit('x', value);
  await got;
  assert.deepEqual(value, { file: Uint8Array.from([1]), list: [Uint8Array.from([2])] });
});
