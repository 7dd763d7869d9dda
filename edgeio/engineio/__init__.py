"""Engine.IO, protocol revisions 3 and 4: a session over long-polling, WebSocket, or first the one and then the other."""


def __getattr__(name):
    if name == 'Server':
        from .server import Server

        return Server
    raise AttributeError('edgeio.engineio has no ' + name)
