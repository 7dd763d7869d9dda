'use strict';

const assert = require('node:assert/strict');
const { collect, next, pair, startServer, test } = require('../support');

const RECOVERY = { connectionStateRecovery: { maxDisconnectionDuration: 60000 } };

for (const transports of [['polling'], ['websocket']]) {
  test(`recovery: what was missed comes after the loss, with the same id: ${transports}`, async (t) => {
    const { peer, server, socket } = await pair(t, RECOVERY, { transports });
    assert.equal(socket.recovered, false);
    const first = next(socket, 'n');
    peer.emit('n', 0);
    assert.equal((await first)[0], 0);
    const { id } = socket;
    const lost = next(socket, 'disconnect');
    const left = next(peer, 'disconnect');
    socket.io.engine.close();
    assert.equal((await lost)[0], 'forced close');
    await left;
    const missed = collect(socket, 'n', 2);
    server.io.emit('n', 1);
    server.io.emit('n', 2);
    await next(socket, 'connect');
    assert.equal(socket.recovered, true);
    assert.equal(socket.id, id);
    assert.deepEqual((await missed).map(([n]) => n), [1, 2]);
  });
}

test('recovery: a server that does not know the session starts a new one', async (t) => {
  const { peer, server, socket } = await pair(t, RECOVERY);
  const first = next(socket, 'n');
  peer.emit('n', 0);
  await first;
  const { id } = socket;
  const failed = next(socket.io, 'reconnect_error');
  await server.stop();
  await failed;
  await Promise.all([startServer(t, RECOVERY, server.port), next(socket, 'connect')]);
  assert.equal(socket.recovered, false);
  assert.notEqual(socket.id, id);
});

test('recovery: without it on the server nothing is recovered', async (t) => {
  const { socket } = await pair(t);
  const back = next(socket, 'connect');
  socket.io.engine.close();
  await back;
  assert.equal(socket.recovered, false);
});
