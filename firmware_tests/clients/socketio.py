"""A Socket.IO client over any Engine.IO session, protocol revision 5."""

import json

from .engineio import open_polling, open_socket


class Client:
    """A client in one namespace. sid: its id there."""

    def __init__(self, session, nsp):
        self.session = session
        self.nsp = nsp
        self.sid = None
        self._prefix = '' if nsp == '/' else nsp + ','
        self._acks = 0
        self._events = []  # those that came while an acknowledgement was waited for

    async def join(self, auth=None):
        """Asks to join the namespace; the server's answer: CONNECT's data, or CONNECT_ERROR's as an exception."""
        await self.session.send('40' + self._prefix + (json.dumps(auth) if auth else ''))
        kind, data = await self._packet()
        if kind == '4':
            raise ValueError(data['message'])
        assert kind == '0', (kind, data)
        self.sid = data['sid']
        return data

    async def emit(self, *event):
        """Sends an event: its name and arguments; bytes among the arguments become attachments."""
        await self._send('2', '5', '', list(event))

    async def ask(self, *event):
        """Sends an event and waits for its acknowledgement: the list of its arguments. Events meanwhile are kept."""
        self._acks += 1
        await self._send('2', '5', str(self._acks), list(event))
        kind, data = await self._packet()
        while kind[0] == '2':
            self._events.append((kind, data))
            kind, data = await self._packet()
        assert kind == '3' + str(self._acks), (kind, data)
        return data

    async def answer(self, ack_id, *values):
        """Sends the acknowledgement of an event."""
        await self._send('3', '6', ack_id, list(values))

    async def event(self):
        """The next event as a list, its name first; (id, list) where the server wants an acknowledgement."""
        kind, data = self._events.pop(0) if self._events else await self._packet()
        assert kind[0] == '2', (kind, data)
        return (kind[1:], data) if len(kind) > 1 else data

    async def disconnected(self):
        """Waits for the server's DISCONNECT."""
        kind, _ = await self._packet()
        assert kind == '1', kind

    async def leave(self):
        """Leaves the namespace."""
        await self.session.send('41' + self._prefix)

    def close(self):
        """Drops the connection."""
        self.session.close()

    async def _send(self, kind, binary_kind, ack_id, values):
        attachments = []
        body = json.dumps(_without_bytes(values, attachments))
        if attachments:
            kind = '%s%d-' % (binary_kind, len(attachments))
        await self.session.send('4' + kind + self._prefix + ack_id + body, *attachments)

    async def _packet(self):
        """(type and id, data) of the next packet of the namespace; pings are answered on the way."""
        while True:
            packet = await self.session.receive()
            if packet == '2':
                await self.session.send('3')
            elif packet != '6':
                break
        assert packet[0] == '4', packet
        kind, rest, count = packet[1], packet[2:], 0
        if kind in '56':
            count, _, rest = rest.partition('-')
            kind = {'5': '2', '6': '3'}[kind]
        assert rest.startswith(self._prefix), packet
        rest = rest[len(self._prefix) :]
        digits = 0
        while digits < len(rest) and rest[digits].isdigit():
            digits += 1
        data = json.loads(rest[digits:]) if rest[digits:] else None
        attachments = []
        for _ in range(int(count)):
            attachments.append(await self.session.receive())
        return kind + rest[:digits], _with_bytes(data, attachments)


async def open_client(port, nsp='/', auth=None, polling=False, path='/socket.io/'):
    """A Client that has joined `nsp`."""
    client = Client(await (open_polling if polling else open_socket)(port, path), nsp)
    await client.join(auth)
    return client


def _without_bytes(value, attachments):
    if isinstance(value, bytes):
        attachments.append(value)
        return {'_placeholder': True, 'num': len(attachments) - 1}
    if isinstance(value, list):
        return [_without_bytes(item, attachments) for item in value]
    if isinstance(value, dict):
        return {key: _without_bytes(value[key], attachments) for key in value}
    return value


def _with_bytes(value, attachments):
    if isinstance(value, dict):
        if '_placeholder' in value:
            return attachments[value['num']]
        return {key: _with_bytes(value[key], attachments) for key in value}
    if isinstance(value, list):
        return [_with_bytes(item, attachments) for item in value]
    return value
