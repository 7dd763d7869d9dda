"""What the tests of this folder say to real clients and ask of them."""

from host_tests.looping import turn_until


def other_end(io, client, nsp='/'):
    """The server's Socket of a connected client."""
    return io.of(nsp).sockets[client.id]


def served(connect, io, nsp='/', **options):
    """True once a client has connected so and got an event and an answer."""
    client = connect(io, nsp, **options)
    other_end(io, client, nsp).on('question', lambda text, ack: ack(text + '?'))
    return client.ask('question', 'well') == ['well?']


def heard(io, client, nsp='/'):
    """[name, *args] of all events that were sent to the client so far and that the test has not taken."""
    other_end(io, client, nsp).emit('end of test')
    return client.events()


def refused_with(client, message):
    """The client is refused: by the event connect_error (revision 5) or by the text of `error` (revision 4)."""
    turn_until(lambda: any(event in ('connect_error', 'error') for event, _, _ in client.heard), 'the refusal')
    [error] = next(args for event, args, _ in client.heard if event in ('connect_error', 'error'))
    assert message == (error['message'] if isinstance(error, dict) else error)
