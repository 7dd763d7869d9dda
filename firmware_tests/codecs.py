"""The codecs as the vectors see them: each a function of the settings that gives (feed, events)."""

from edgeio.errors import ProtocolError

from .vectors import show


def websocket(settings):
    """Frames from a client."""
    from edgeio.websocket.codec import MAX_MESSAGE, Decoder

    events = []

    class Recorder(Decoder):
        def on_text(self, text):
            events.append(line('text', show(text)))

        def on_binary(self, data):
            events.append(line('binary', show(data)))

        def on_control(self, opcode, payload):
            events.append(line('control', str(opcode), show(payload)))

        def on_more(self):
            self.feed(b'', 0)

        def on_violation(self, error):
            events.append(line('violation', error.code, str(error.status)))

    recorder = Recorder(True, int(settings.get('max_message', MAX_MESSAGE)))
    return lambda data: recorder.feed(data, len(data)), events


def http(settings):
    """Requests from a client; the pieces of a body are put together again."""
    from edgeio.http import limits
    from edgeio.http.codec import RequestParser
    from edgeio.http.head import Heads

    events = []
    body = []

    class Recorder(RequestParser):
        def on_request(self, head):
            events.append(line('request', head.method, head.url, head.version))

        def on_data(self, piece):
            body.append(bytes(piece))

        def on_end(self):
            events.append(line('body', show(b''.join(body))))
            events.append('end')
            body.clear()

        def on_upgrade(self, head, rest):
            events.append(line('upgrade', head.upgrade, show(rest)))
            return True

        def on_partial(self):
            pass  # the server's clock for slow heads starts here

        def on_backlog(self):
            events.append('backlog')

        def on_violation(self, error):
            events.append(line('violation', str(error.status)))

    options = limits.DEFAULTS.copy()
    for name in settings:
        options[name] = int(settings[name])
    recorder = Recorder(Heads(options), options)
    return lambda data: recorder.feed(data, len(data)), events


def engineio(revision, case):
    """The events of a whole payload."""
    from edgeio.engineio.codec import decode_payload

    body = case.data if 'binary' in case.settings else str(case.data, 'utf-8')
    try:
        packets = list(decode_payload(body, revision))
    except ProtocolError as exc:
        return ['violation ' + exc.code]
    return [line('text' if isinstance(packet, str) else 'binary', show(packet)) for packet in packets]


def socketio(case, connected=True):
    """The events of a connection's messages: text in `in` lines, binary in `hex` lines.

    connected: the main namespace is joined, so that its events go straight to its socket.
    """
    from edgeio.socketio.codec import JsonParser

    events = []

    class Root:
        def on_event(self, data, ack_id):
            events.append(line('event /', str(ack_id), literal(data)))

    class Client:
        root = Root() if connected else None

        def on_event(self, nsp, ack_id, data):
            events.append(line('event', nsp, str(ack_id), literal(data)))

        def on_ack(self, nsp, ack_id, data):
            events.append(line('ack', nsp, str(ack_id), literal(data)))

        def on_connect(self, nsp, query, auth):
            events.append(line('connect', nsp, str(query), literal(auth)))

        def refuse(self, nsp, error):
            events.append(line('refuse', nsp, error))

        def on_disconnect(self, nsp):
            events.append(line('disconnect', nsp))

        def on_violation(self, error):
            events.append(line('violation', error.code))

    decoder = JsonParser(64, 1000000).decoder(Client())
    for keyword, data in case.parts:
        if keyword == 'in':
            decoder.on_text(str(data, 'utf-8'))
        else:
            decoder.on_binary(data)
    return events


def literal(value):
    """`value` as text that is the same on every runtime: keys in order, strings escaped."""
    if isinstance(value, str):
        return '"' + show(value) + '"'
    if isinstance(value, bytes):
        return 'b"' + show(value) + '"'
    if isinstance(value, list):
        return '[' + ', '.join([literal(item) for item in value]) + ']'
    if isinstance(value, dict):
        return '{' + ', '.join([literal(key) + ': ' + literal(value[key]) for key in sorted(value)]) + '}'
    return repr(value)


def line(*words):
    """An `out` line."""
    return ' '.join(words).strip()
