"""EventEmitter: order, once, removal while it runs, arity, tasks, errors."""

import functools
import types

import pytest

from edgeio import iosched
from edgeio.errors import OptionError
from edgeio.events import EventEmitter, call, make_handler
from host_tests.looping import turn_until

pytestmark = pytest.mark.usefixtures('reports')


@pytest.fixture
def emitter():
    return EventEmitter()


@pytest.fixture
def seen():
    return []


# -- registering and removing ------------------------------------------------------------------------------------


def test_handlers_run_in_the_order_they_were_registered(emitter, seen):
    for name in 'abc':
        emitter.on('event', functools.partial(seen.append, name))
    emitter.prepend_listener('event', lambda: seen.append('first'))
    assert emitter.emit('event') is True
    assert seen == ['first', 'a', 'b', 'c']


def test_emit_without_handlers_is_false(emitter):
    assert emitter.emit('event') is False
    emitter.on('event', print).off('event', print)
    assert emitter.emit('event') is False


def test_calls_can_be_chained(emitter):
    assert emitter.on('a', print).once('b', print).off('a', print).remove_all_listeners('b') is emitter


def test_on_and_once_are_decorators_that_leave_the_function_as_it_is(emitter, seen):
    @emitter.on('event')
    def always(value):
        seen.append(value)

    @emitter.once('event')
    def first(value):
        seen.append(('once', value))

    emitter.emit('event', 1)
    emitter.emit('event', 2)
    always(3)
    assert seen == [1, ('once', 1), 2, 3]


def test_handler_registered_twice_runs_twice_and_is_removed_one_at_a_time(emitter, seen):
    def handler():
        seen.append('run')

    emitter.on('event', handler).on('event', handler)
    emitter.emit('event')
    emitter.remove_listener('event', handler)
    emitter.emit('event')
    assert seen == ['run'] * 3
    assert emitter.listener_count('event') == 1


def test_method_is_removed_though_each_mention_makes_a_new_object(emitter):
    class Thing:
        def handler(self):
            raise AssertionError('removed')

    thing = Thing()
    emitter.on('event', thing.handler).off('event', thing.handler)
    assert emitter.emit('event') is False


def test_removing_what_is_not_there_changes_nothing(emitter):
    emitter.remove_listener('event', print).off('event').remove_all_listeners('event').remove_all_listeners()
    emitter.on('event', print).remove_listener('event', len).remove_listener('other', print)
    assert emitter.listeners('event') == [print]


def test_names_and_listeners_are_those_that_are_registered(emitter):
    assert emitter.event_names() == [] and emitter.listeners('a') == []
    emitter.on('a', print).on('b', len).once('a', len)
    assert sorted(emitter.event_names()) == ['a', 'b']
    assert emitter.listeners('a') == [print, len]
    assert emitter.listener_count('a') == 2
    emitter.off('a')
    assert emitter.event_names() == ['b']
    emitter.remove_all_listeners()
    assert emitter.event_names() == []


def test_document_spelling_is_the_same_method(emitter):
    emitter.on('a', print)
    assert emitter.eventNames() == ['a']
    assert emitter.removeListener('a', print).removeAllListeners() is emitter
    assert emitter.listenerCount('a') == 0


@pytest.mark.parametrize('handler', [5, 'text', [], object()])
def test_handler_that_cannot_be_called_is_refused_at_the_call(handler, emitter):
    for register in (emitter.on, emitter.once, emitter.prepend_listener):
        with pytest.raises(OptionError, match='events.handler'):
            register('event', handler)
    assert emitter.event_names() == []


# -- while an emit is under way ----------------------------------------------------------------------------------


def test_handler_added_during_an_emit_runs_from_the_next_one_on(emitter, seen):
    emitter.once('event', lambda: emitter.on('event', lambda: seen.append('added')))
    emitter.emit('event')
    assert seen == []
    emitter.emit('event')
    assert seen == ['added']


def test_handler_removed_during_an_emit_still_gets_that_one(emitter, seen):
    def second():
        seen.append('second')

    emitter.on('event', lambda: emitter.remove_listener('event', second))
    emitter.on('event', second)
    emitter.emit('event')
    emitter.emit('event')
    assert seen == ['second']


def test_handler_may_remove_itself(emitter, seen):
    def handler():
        seen.append('run')
        emitter.off('event', handler)

    emitter.on('event', handler).on('event', lambda: seen.append('other'))
    emitter.emit('event')
    emitter.emit('event')
    assert seen == ['run', 'other', 'other']


def test_once_is_over_before_its_handler_runs(emitter, seen):
    def handler(depth):
        seen.append(depth)
        emitter.emit('event', depth + 1)

    emitter.once('event', handler)
    emitter.emit('event', 0)
    assert seen == [0]
    assert emitter.event_names() == []


def test_once_runs_once_though_a_handler_before_it_emits_the_same_event(emitter, seen):
    def first(depth):
        if depth == 0:
            emitter.emit('event', 1)

    emitter.on('event', first)
    emitter.once('event', seen.append)
    emitter.emit('event', 0)
    assert seen == [1]


def test_all_handlers_may_go_during_an_emit(emitter, seen):
    emitter.on('event', lambda: emitter.remove_all_listeners())
    emitter.once('event', lambda: seen.append('once'))
    emitter.on('event', lambda: seen.append('second'))
    emitter.emit('event')
    assert 'second' in seen
    assert emitter.event_names() == []


# -- errors ------------------------------------------------------------------------------------------------------


def test_exception_in_a_handler_is_reported_once_with_the_events_name_and_the_others_run(emitter, seen, reports):
    def bad():
        raise ValueError('on purpose')

    emitter.on('event', bad).on('event', lambda: seen.append('other'))
    assert emitter.emit('event') is True
    assert seen == ['other']
    assert [(str(exc), where) for exc, where in reports] == [('on purpose', "the handler of 'event'")]
    reports.clear()


def test_type_error_from_inside_a_handler_does_not_run_it_again(emitter, seen, reports):
    def bad(value):
        seen.append(value)
        raise TypeError('bad() missing 1 required positional argument')

    emitter.on('event', bad)
    emitter.emit('event', 1)
    assert seen == [1]
    assert len(reports) == 1
    reports.clear()


def test_interrupt_in_a_handler_is_not_swallowed(emitter):
    def interrupt():
        raise KeyboardInterrupt

    emitter.on('event', interrupt)
    with pytest.raises(KeyboardInterrupt):
        emitter.emit('event')


# -- arity: surplus arguments are dropped, missing ones are None ---------------------------------------------------

TAKEN = []
"""What the handlers below were called with."""


@pytest.fixture
def taken():
    TAKEN.clear()
    return TAKEN


def none():
    TAKEN.append(())


def two(a, b):
    TAKEN.append((a, b))


def with_default(a, b='default'):
    TAKEN.append((a, b))


def any_number(*args):
    TAKEN.append(args)


def one_and_more(a, *args):
    TAKEN.append((a, *args))


def with_keyword(a, *, keyword='default'):
    TAKEN.append((a, keyword))


def positional_only(a, b, /):
    TAKEN.append((a, b))


def closure(x):
    def inside(a):
        TAKEN.append((x, a))

    return inside


class Handlers:
    def method(self, a, b):
        TAKEN.append((a, b))

    def any_number(self, *args):
        TAKEN.append(args)

    @classmethod
    def of_class(cls, a):
        TAKEN.append((a,))

    @staticmethod
    def static(a, b):
        TAKEN.append((a, b))

    def __call__(self, a):
        TAKEN.append((a,))


class Made:
    def __init__(self, a, b=None):
        TAKEN.append((a, b))


@functools.wraps(two)
def wrapped(*args):
    TAKEN.append(args)


THINGS = Handlers()

# handler, what it takes of (1, 2, 3), what it takes of nothing
ARITY = [
    (none, (), ()),
    (two, (1, 2), (None, None)),
    (with_default, (1, 2), (None, 'default')),
    (any_number, (1, 2, 3), ()),
    (one_and_more, (1, 2, 3), (None,)),
    (with_keyword, (1, 'default'), (None, 'default')),
    (positional_only, (1, 2), (None, None)),
    (closure('x'), ('x', 1), ('x', None)),
    (lambda a: TAKEN.append((a,)), (1,), (None,)),
    (THINGS.method, (1, 2), (None, None)),
    (THINGS.any_number, (1, 2, 3), ()),
    (Handlers.of_class, (1,), (None,)),
    (THINGS.of_class, (1,), (None,)),
    (Handlers.static, (1, 2), (None, None)),
    (THINGS, (1,), (None,)),
    (Made, (1, 2), (None, None)),
    (functools.partial(two, 'bound'), ('bound', 1), ('bound', None)),
    (functools.partial(two, b='bound'), (1, 'bound'), (None, 'bound')),
    (functools.partial(THINGS.method, 'bound'), ('bound', 1), ('bound', None)),
    (types.MethodType(functools.partial(two), 'self'), ('self', 1), ('self', None)),
    (wrapped, (1, 2, 3), ()),
]
NAMED = [pytest.param(*case, id=f'{i}-{getattr(case[0], "__name__", "object")}') for i, case in enumerate(ARITY)]


@pytest.mark.parametrize('handler, of_three, of_none', NAMED)
def test_surplus_arguments_are_dropped(handler, of_three, of_none, emitter, taken):
    emitter.on('event', handler)
    emitter.emit('event', 1, 2, 3)
    assert taken == [of_three]


@pytest.mark.parametrize('handler, of_three, of_none', NAMED)
def test_missing_arguments_are_none_and_defaults_stay(handler, of_three, of_none, emitter, taken):
    emitter.on('event', handler)
    emitter.emit('event')
    assert taken == [of_none]


def test_function_of_c_whose_signature_is_unknown_gets_what_was_sent(emitter, reports):
    values = {}
    emitter.on('event', values.update)
    emitter.emit('event', {'a': 1})
    assert values == {'a': 1}


# -- coroutines and generators -----------------------------------------------------------------------------------


def test_coroutine_handler_is_run_as_a_task(emitter, seen):
    @emitter.on('event')
    async def handler(value):
        await iosched.sleep(1)
        seen.append(value)

    emitter.emit('event', 5, 'surplus')
    turn_until(lambda: seen)
    assert seen == [5]


def test_generator_handler_is_run_as_a_task(emitter, seen):
    @emitter.on('event')
    def handler(value):
        yield iosched.sleep(1)
        seen.append(value)

    emitter.emit('event', 5)
    turn_until(lambda: seen)
    assert seen == [5]


def test_exception_in_a_coroutine_handler_is_reported_with_the_events_name(emitter, reports):
    @emitter.on('event')
    async def handler():
        await iosched.sleep(1)
        raise ValueError('on purpose')

    emitter.emit('event')
    turn_until(lambda: reports)
    assert [(str(exc), where) for exc, where in reports] == [('on purpose', 'event')]
    reports.clear()


def test_call_gives_the_task_of_a_handler_that_has_not_ended(seen):
    promise = iosched.Promise()

    async def wait(value):
        seen.append(await promise)

    async def quick():
        seen.append('quick')

    task = call(make_handler(wait), ('surplus', 'value'), 'x')
    assert call(make_handler(quick), (), 'x') is None
    assert call(make_handler(seen.append), ('plain',), 'x') is None
    assert isinstance(task, iosched.Task) and not task.settled
    promise.resolve('end')
    assert task.settled and seen == ['quick', 'plain', 'end']
