"""The document's own spelling."""

import pytest

from edgeio import names
from edgeio.events import EventEmitter
from edgeio.names import settable, snake


@pytest.mark.parametrize('document, python', [
    ('pingTimeout', 'ping_timeout'),
    ('removeAllListeners', 'remove_all_listeners'),
    ('serveClient', 'serve_client'),
    ('emit', 'emit'),
    ('ping_timeout', 'ping_timeout'),
    ('maxHTTPBufferSize', 'max_h_t_t_p_buffer_size'),
    ('', ''),
])  # fmt: skip
def test_document_spelling_becomes_pythons(document, python):
    assert snake(document) == python


def make_thing():
    @names.both_spellings
    class Thing:
        """Something with both spellings."""

        __slots__ = ('ping_timeout', '_own_affair')
        pingTimeout = settable('ping_timeout')
        status_code = 200

        def remove_all(self):
            return 'removed'

        def in_(self, room):
            return 'in ' + room

        def except_(self, room):
            return 'except ' + room

        @property
        def head_sent(self):
            return 'sent'

        @staticmethod
        def create_app():
            return 'app'

    return Thing


@pytest.fixture(params=[True, False], ids=['second-names', 'hook'])
def thing_class(request, monkeypatch):
    """A class with both spellings, by either of the two ways to them."""
    monkeypatch.setattr(names, 'HOOKS_ARE_DEAR', request.param)
    return make_thing()


@pytest.fixture
def thing(thing_class):
    return thing_class()


def test_what_a_class_has_is_found_under_both_spellings(thing):
    assert thing.removeAll() == thing.remove_all() == 'removed'
    assert thing.headSent == 'sent'
    assert thing.createApp() == 'app'
    assert thing.statusCode == 200


def test_subclass_answers_to_both_spellings_for_what_it_adds_and_overrides(thing_class):
    class More(thing_class):
        def remove_all(self):
            return 'really removed'

        def add_one(self):
            return 'added'

    assert More().removeAll() == 'really removed'
    assert More().addOne() == 'added'
    assert More().headSent == 'sent'


def test_value_that_an_instance_has_of_its_own_is_found_under_both_spellings(thing_class):
    class Loose(thing_class):
        """Without slots."""

    loose = Loose()
    loose.status_code = 404
    assert loose.statusCode == 404


def test_slot_is_found_under_both_spellings(thing_class):
    class More(thing_class):
        __slots__ = ('remote_address',)

    more = More()
    with pytest.raises(AttributeError):
        assert more.remoteAddress
    more.remote_address = '10.0.0.1'
    assert more.remoteAddress == '10.0.0.1'


def test_names_that_are_keywords_of_python_are_found_as_the_document_has_them(thing):
    assert getattr(thing, 'in')('a') == 'in a'
    assert getattr(thing, 'except')('a') == 'except a'


@pytest.mark.parametrize('name', ['missing', 'missingToo', 'missing_', 'is', '__missing__', 'Missing', 'OwnAffair'])
def test_name_that_is_in_neither_spelling_is_an_attribute_error_with_the_class(thing, name):
    with pytest.raises(AttributeError, match='Thing'):
        getattr(thing, name)
    assert not hasattr(thing, name)


def test_classes_of_the_library_are_without_a_hook_where_that_is_dear():
    assert not hasattr(EventEmitter, '__getattr__')
    assert EventEmitter.removeAllListeners is EventEmitter.remove_all_listeners


def test_attribute_that_apps_set_is_one_under_both_spellings(thing):
    thing.pingTimeout = 5
    assert thing.ping_timeout == 5
    thing.ping_timeout = 6
    assert thing.pingTimeout == 6
