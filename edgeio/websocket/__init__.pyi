from .server import WsServer as WsServer
