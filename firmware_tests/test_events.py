"""EventEmitter: named events, handlers of any kind and arity."""

from edgeio import iosched
from edgeio.events import EventEmitter

from .harness import same, take_reports, until


def test_handlers_run_in_order():
    seen = []
    emitter = EventEmitter()
    emitter.on('a', lambda x: seen.append(('first', x)))
    emitter.on('a', lambda x: seen.append(('second', x)))
    emitter.prepend_listener('a', lambda x: seen.append(('before', x)))
    assert emitter.emit('a', 1)
    assert not emitter.emit('b', 1)
    same(seen, [('before', 1), ('first', 1), ('second', 1)])


def test_once_runs_once():
    seen = []
    emitter = EventEmitter()
    emitter.once('a', lambda: seen.append(1))
    emitter.emit('a')
    emitter.emit('a')
    same(seen, [1])
    same(emitter.event_names(), [])


def test_removed_handler_does_not_run():
    seen = []
    emitter = EventEmitter()
    handler = lambda: seen.append(1)  # noqa: E731
    emitter.on('a', handler)
    emitter.remove_listener('a', handler)
    emitter.on('b', handler).off('b')
    emitter.on('c', handler).remove_all_listeners()
    for name in 'abc':
        emitter.emit(name)
    same(seen, [])


def test_decorator_registers():
    seen = []
    emitter = EventEmitter()

    @emitter.on('a')
    def handler(x):
        seen.append(x)

    emitter.emit('a', 5)
    same(seen, [5])
    same(emitter.listeners('a'), [handler])


def test_surplus_arguments_are_dropped_and_missing_ones_are_none():
    seen = []
    emitter = EventEmitter()
    emitter.on('a', lambda: seen.append(()))
    emitter.on('a', lambda x, y, z: seen.append((x, y, z)))
    emitter.on('a', lambda *rest: seen.append(rest))
    emitter.emit('a', 1, 2)
    same(seen, [(), (1, 2, None), (1, 2)])


def test_coroutine_handler_runs_as_a_task():
    seen = []
    emitter = EventEmitter()

    @emitter.on('a')
    async def handler(x):
        await iosched.sleep(1)
        seen.append(x)

    emitter.emit('a', 3)
    until(lambda: seen, 'the handler')
    same(seen, [3])


def test_exception_is_reported_once_with_the_events_name():
    seen = []
    emitter = EventEmitter()
    emitter.on('a', lambda: 1 / 0)
    emitter.on('a', lambda: seen.append('after'))
    emitter.emit('a')
    same(seen, ['after'])
    reports = take_reports()
    same(len(reports), 1)
    assert "'a'" in reports[0][1]


def test_type_error_from_inside_a_handler_does_not_run_it_again():
    seen = []

    def handler(x):
        seen.append(x)
        raise TypeError('on purpose')

    emitter = EventEmitter()
    emitter.on('a', handler)
    emitter.emit('a', 1, 2)
    same(seen, [1])
    same(len(take_reports()), 1)


def test_the_documents_own_spelling_works():
    seen = []
    emitter = EventEmitter()
    emitter.on('a', lambda: seen.append(1))
    same(emitter.eventNames(), ['a'])
    emitter.removeAllListeners()
    emitter.emit('a')
    same(seen, [])
