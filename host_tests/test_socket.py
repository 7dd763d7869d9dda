"""Addresses to listen on."""

import pytest

from edgeio import socket
from edgeio.errors import OptionError


def test_addresses_have_domain_addr_and_port():
    address = socket.sockaddr(socket.INADDR_LOOPBACK, 8000)
    assert (address.domain, address.addr, address.port) == (socket.AF_INET, '127.0.0.1', 8000)
    six = socket.sockaddr6(socket.IN6ADDR_LOOPBACK, 80, 2)
    assert (six.domain, six.addr, six.port, six.scope) == (socket.AF_INET6, '::1', 80, 2)
    assert socket.sockaddr().addr == socket.INADDR_ANY and socket.sockaddr().port == 0
    assert socket.sockaddr6().addr == socket.IN6ADDR_ANY


def test_addresses_are_compared_by_value():
    assert socket.sockaddr('127.0.0.1', 1) == socket.sockaddr('127.0.0.1', 1)
    assert socket.sockaddr('127.0.0.1', 1) != socket.sockaddr('127.0.0.1', 2)
    assert len({socket.sockaddr(), socket.sockaddr()}) == 1
    assert repr(socket.sockaddr('127.0.0.1', 1)) == "sockaddr('127.0.0.1', 1)"


WRONG = [('127.0.0.1', -1), ('127.0.0.1', 65536), ('127.0.0.1', '80'), (5, 80), ('', 80)]


@pytest.mark.parametrize(('addr', 'port'), WRONG)
def test_wrong_address_is_refused(addr, port):
    with pytest.raises(OptionError, match='socket'):
        socket.sockaddr(addr, port)
