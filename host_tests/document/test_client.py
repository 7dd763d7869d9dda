"""The document's chapter "Client"."""

from host_tests.document.talk import other_end


def test_client_is_shared_by_the_sockets_of_its_namespaces(serve, begin, connect):
    io = serve()
    main = connect(io)
    other = begin(io, '/chat', like=main)
    io.of('/chat')
    other.expect('connect')
    client = other_end(io, main).client
    assert other_end(io, other, '/chat').client is client
    assert sorted(client.sockets) == ['/', '/chat']


def test_client_conn(serve, connect):
    io = serve()
    client = other_end(io, connect(io)).client
    assert client.conn is io.engine.clients[client.id]


def test_client_request(serve, connect):
    io = serve()
    client = other_end(io, connect(io, extraHeaders={'Cookie': 'a=1', 'User-Agent': 'board'})).client
    assert client.request.headers['cookie'] == 'a=1'
    assert client.request.headers['user-agent'] == 'board'
