"""HTTP/1.1: `create_server(group, handler, subs, saddr)` makes an HttpServer (platform module `http`)."""


def __getattr__(name):
    if name == 'HttpServer':
        from .server import HttpServer

        return HttpServer
    if name in ('create_server', 'createServer'):
        from .server import create_server

        return create_server
    raise AttributeError('edgeio.http has no ' + name)
