"""Engine.IO, protocol revisions 3 and 4: sessions over long-polling, WebSocket, or first the one, then the other."""


def __getattr__(name):
    if name == 'Server':
        from .server import Server

        return Server
    raise AttributeError('edgeio.engineio has no ' + name)
