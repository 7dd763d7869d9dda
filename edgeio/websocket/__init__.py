"""WebSocket (RFC 6455): the codec, the connection and `WsServer`."""


def __getattr__(name):
    if name == 'WsServer':
        from .server import WsServer

        return WsServer
    raise AttributeError('edgeio.websocket has no ' + name)
