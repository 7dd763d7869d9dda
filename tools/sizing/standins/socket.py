"""A stand-in: sockets that listen, and nobody comes."""

AF_INET6 = 10
SOCK_STREAM = 1


class socket:
    def __init__(self, family, kind):
        pass

    def setsockopt(self, level, option, value):
        pass

    def bind(self, address):
        pass

    listen = setblocking = bind

    def close(self):
        pass

    def fileno(self):
        return 3


def getaddrinfo(host, port, family, kind):
    return [(2, kind, 0, '', b'')]
