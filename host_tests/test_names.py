"""The document's own spelling."""

import pytest

from edgeio.names import camel, settable, snake


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


class Thing:
    """Something with both spellings."""

    __slots__ = ('ping_timeout',)
    __getattr__ = camel
    pingTimeout = settable('ping_timeout')

    def remove_all(self):
        return 'removed'

    def in_(self, room):
        return 'in ' + room

    def except_(self, room):
        return 'except ' + room


def test_method_is_found_under_both_spellings():
    assert Thing().removeAll() == Thing().remove_all() == 'removed'


def test_names_that_are_keywords_of_python_are_found_as_the_document_has_them():
    assert getattr(Thing(), 'in')('a') == 'in a'
    assert getattr(Thing(), 'except')('a') == 'except a'


@pytest.mark.parametrize('name', ['missing', 'missingToo', 'missing_', 'is', '__missing__', 'Missing'])
def test_name_that_is_in_neither_spelling_is_an_attribute_error_with_the_class(name):
    with pytest.raises(AttributeError, match='Thing'):
        getattr(Thing(), name)
    assert not hasattr(Thing(), name)


def test_attribute_that_apps_set_is_one_under_both_spellings():
    thing = Thing()
    thing.pingTimeout = 5
    assert thing.ping_timeout == 5
    thing.ping_timeout = 6
    assert thing.pingTimeout == 6
