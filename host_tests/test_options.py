"""Options: both spellings, and no misspelling."""

import pytest

from edgeio.errors import EdgeError, OptionError, ProtocolError, StateError
from edgeio.options import read_options, require

DEFAULTS = {'ping_timeout': 20000, 'ping_interval': 25000, 'path': '/socket.io', 'cookie': False}


def test_options_not_given_have_their_defaults_and_the_defaults_stay_as_they_are():
    options = read_options('Server', DEFAULTS)
    assert options == DEFAULTS
    options['path'] = '/other'
    assert DEFAULTS['path'] == '/socket.io'


@pytest.mark.parametrize('given, keywords', [
    ({'pingTimeout': 5}, None),
    ({'ping_timeout': 5}, None),
    (None, {'ping_timeout': 5}),
    (None, {'pingTimeout': 5}),
    ({'ping_timeout': 4}, {'pingTimeout': 5}),
    ({}, {'ping_timeout': 5}),
])  # fmt: skip
def test_both_spellings_in_a_dict_or_by_keyword_and_keywords_win(given, keywords):
    assert read_options('Server', DEFAULTS, given, keywords) == {**DEFAULTS, 'ping_timeout': 5}


@pytest.mark.parametrize('written, meant', [
    ('pingTimeOut', 'ping_timeout'),
    ('ping_timout', 'ping_timeout'),
    ('pingIntervall', 'ping_interval'),
    ('paht', 'path'),
    ('cookies', 'cookie'),
    ('Path', 'path'),
])  # fmt: skip
def test_misspelt_option_is_an_error_that_names_the_nearest(written, meant):
    with pytest.raises(OptionError) as caught:
        read_options('Server', DEFAULTS, {written: 1})
    assert caught.value.code == 'option.unknown'
    text = str(caught.value)
    assert f'Server has no option {written!r}' in text
    assert f'expected: {meant!r} perhaps' in text
    assert all(name in text for name in DEFAULTS)


def test_require_says_what_was_seen_and_expected():
    require('Server', 'path', '/a', True, 'a path')
    with pytest.raises(OptionError) as caught:
        require('Server', 'ping_timeout', 'soon', False, 'milliseconds')
    assert str(caught.value) == (
        "Server: ping_timeout is not usable; seen: 'soon'; expected: milliseconds; "
        'setting: ping_timeout [option.invalid]'
    )


@pytest.mark.parametrize('kind', [OptionError, StateError, ProtocolError])
def test_every_error_is_an_edge_error_with_its_parts(kind):
    error = kind('area.code', 'a sentence', 1, 2, 'limit')
    assert isinstance(error, EdgeError)
    assert (error.code, error.text, error.seen, error.expected, error.setting) == (
        'area.code', 'a sentence', 1, 2, 'limit',
    )  # fmt: skip
    assert str(error) == 'a sentence; seen: 1; expected: 2; setting: limit [area.code]'


def test_error_leaves_out_what_it_was_not_given():
    assert str(EdgeError('a.b', 'a sentence')) == 'a sentence [a.b]'
    assert str(EdgeError('a.b', 'a sentence', seen=0)) == 'a sentence; seen: 0 [a.b]'


def test_error_does_not_print_what_a_peer_sent_at_full_length():
    error = EdgeError('a.b', 'a sentence', seen='x' * 10000)
    assert len(str(error)) < 200
    assert len(error.seen) == 10000


def test_protocol_error_has_the_status_that_answers_it():
    assert ProtocolError('a.b', 'text').status == 400
    assert ProtocolError('a.b', 'text', status=1002).status == 1002
