"""Socket.IO: events, acknowledgements, rooms and namespaces over Engine.IO; packet revisions 4 and 5.

    from edgeio.socketio import Server
    io = Server(app.server)
"""


def __getattr__(name):
    if name == 'Server':
        from .server import Server

        return Server
    if name == 'Adapter':
        from .adapter import Adapter

        return Adapter
    raise AttributeError('edgeio.socketio has no ' + name)
