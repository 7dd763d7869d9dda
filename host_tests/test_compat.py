"""What both runtimes mean by JSON, UTF-8, digits and arity. firmware_tests/test_traps.py has what is short enough to
run on the target; here are the many cases, on CPython and in one process of MicroPython."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeio import compat
from edgeio.runtime import json_scan
from edgeio.runtime.json_grammar import GRAMMAR, MAX_DEPTH
from firmware_tests.targets import local

ROOT = Path(__file__).resolve().parent.parent

texts = st.text(st.characters(exclude_categories=['Cs']))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner) | st.dictionaries(texts, inner),
    max_leaves=20,
)
# Characters that JSON is made of, so that what comes out is often nearly JSON.
nearly_json = st.text('[]{}",:\\ \n\t0123456789-+.eEtrufalsn/bux\x00é', max_size=12)


def strict(text):
    """What Python's own decoder makes of `text`, with what it takes beyond JSON refused; ValueError for no JSON."""
    def refuse(name):
        raise ValueError(name)

    return json.loads(text, parse_constant=refuse)


def outcome(decode, text):
    """(value,) or None where it is refused."""
    try:
        return (decode(text),)
    except ValueError:
        return None


# -- reading JSON --------------------------------------------------------------------------------------------------


@given(values)
def test_what_json_writes_is_read(value):
    assert compat.json_decode(json.dumps(value)) == value
    assert compat.json_decode(json.dumps(value, indent=1, ensure_ascii=False)) == value


@given(nearly_json)
@settings(max_examples=500)
def test_what_is_nearly_json_is_judged_as_python_judges_it(text):
    assert outcome(compat.json_decode, text) == outcome(strict, text)


@pytest.mark.parametrize('text', ['NaN', '[NaN]', 'Infinity', '-Infinity', '{"a":NaN}', '[1] x', '1 2', '\ufeff1'])
def test_what_python_takes_beyond_json_is_refused(text):
    with pytest.raises(ValueError):
        compat.json_decode(text)


@pytest.mark.parametrize('space', [' ', '\n', '\t', '\r', ' \r\n\t '])
def test_space_around_a_value_is_fine(space):
    assert compat.json_decode(space + '[1]' + space) == [1]
    assert compat.json_decode('42' + space + '[1]' + space, 2) == [1]


def test_value_is_read_from_an_offset_to_the_end():
    assert compat.json_decode('42["a"]', 2) == ['a']
    for text, start in (('42', 2), ('42 ', 2), ('42["a"]x', 2), ('', 0), ('[', 5)):
        with pytest.raises(ValueError):
            compat.json_decode(text, start)


@pytest.mark.parametrize('opening, closing', [('[', ']'), ('{"a":', '}')])
@pytest.mark.parametrize('depth', [1000, 100000])
def test_deep_nesting_is_a_value_error_or_a_value_never_more(opening, closing, depth):
    for text in (opening * depth, opening * depth + '1' + closing * depth):
        outcome(compat.json_decode, text)


def test_pair_of_surrogate_escapes_is_one_character():
    assert compat.json_decode('"\\ud83d\\ude00"') == '\U0001f600'
    assert compat.json_decode('"\\uD83D\\uDE00\\u20ac"') == '\U0001f600€'


@pytest.mark.parametrize('written, read', [
    ('\\ud83d', '\ufffd'),
    ('\\ude00', '\ufffd'),
    ('\\ude00\\ud83d', '\ufffd\ufffd'),
    ('\\ud83d\\ud83d\\ude00', '\ufffd\U0001f600'),
    ('\\ud83dx\\ude00', '\ufffdx\ufffd'),
    ('\\\\ud83d', '\\ud83d'),
    ('\\\\\\ud83d', '\\\ufffd'),
    ('\\ud83d\\n', '\ufffd\n'),
    ('\\ud83d\\u0041', '\ufffdA'),
])  # fmt: skip
def test_lone_surrogate_escape_is_the_replacement_character(written, read):
    assert compat.json_decode('["' + written + '"]') == [read]
    assert compat.json_decode('4/\\ud83d,["' + written + '"]', 9) == [read]


@given(st.text('\\ud83DeE0"nx', max_size=30))
def test_what_is_read_can_always_be_sent(body):
    read = outcome(compat.json_decode, '"' + body + '"')
    if read is not None:
        read[0].encode()


# -- writing JSON --------------------------------------------------------------------------------------------------


@given(values)
def test_what_is_written_is_read_back_and_has_no_spaces_between(value):
    text = compat.json_encode(value)
    assert json.loads(text) == value
    assert text == json.dumps(value, separators=(',', ':'), ensure_ascii=False)
    assert compat.take_attachments() is None


@given(texts)
def test_json_text_is_json_of_a_text(text):
    assert json.loads(compat.json_text(text)) == text


@pytest.mark.parametrize('value', [float('nan'), [float('inf')], {'a': -float('inf')}])
def test_numbers_that_json_lacks_are_a_value_error(value):
    with pytest.raises(ValueError):
        compat.json_encode(value)


@pytest.mark.parametrize('value', [object(), {1, 2}, [print], {'a': object()}, {(1, 2): 3}, {b'a': 1}, 1j])
def test_what_json_has_no_form_for_is_a_type_error_that_names_it(value):
    with pytest.raises(TypeError):
        compat.json_encode(value)


def test_type_error_says_what_can_be_sent():
    with pytest.raises(TypeError, match='set cannot be sent; send None, bool, int, float, str, bytes, list or dict'):
        compat.json_encode([{1}])


def test_circular_and_very_deep_values_are_a_value_error():
    circular = {}
    circular['a'] = [circular]
    deep = []
    for _ in range(100000):
        deep = [deep]
    for value in (circular, deep):
        with pytest.raises(ValueError, match='circular or nested too deeply'):
            compat.json_encode(value)
    while deep:  # one level at a time: the interpreter itself fails at freeing all at once
        deep = deep[0]


def test_binary_values_of_every_kind_become_placeholders_in_order():
    value = ['x', b'one', {'a': [bytearray(b'two'), memoryview(b'three')]}, b'']
    text = compat.json_encode(value)
    found = compat.take_attachments()
    assert found == [b'one', b'two', b'three', b'']
    assert all(type(data) is bytes for data in found)
    numbered = [{'_placeholder': True, 'num': n} for n in range(4)]
    assert json.loads(text) == ['x', numbered[0], {'a': [numbered[1], numbered[2]]}, numbered[3]]
    assert compat.take_attachments() is None


@pytest.mark.parametrize('rest', [object(), float('nan')])
def test_value_that_is_refused_leaves_no_attachments_for_the_next(rest):
    with pytest.raises((TypeError, ValueError)):
        compat.json_encode([b'lost', rest])
    assert compat.take_attachments() is None


# -- the scanner that MicroPython needs ----------------------------------------------------------------------------


def scan(data):
    return json_scan.scan(data, len(data), GRAMMAR, bytearray(3 * MAX_DEPTH), MAX_DEPTH)


@given(values.map(json.dumps) | nearly_json)
def test_scanner_accepts_what_python_accepts(text):
    assert (scan(text.encode()) == 0) == (outcome(strict, text) is not None)


@pytest.mark.parametrize('text, place', [
    (b'', 1), (b'[', 2), (b'[1 2]', 4), (b'[1,]', 4), (b'{"a" 1}', 6), (b'"a\nb"', 3), (b'01', 2), (b'[1]x', 4),
    (b'[}', 2), (b'"\xc3\xa9', 4), (b'-', 2), (b'tru', 4), (b'1.', 3),
])  # fmt: skip
def test_scanner_tells_the_place_of_the_error(text, place):
    assert scan(text) == place


@pytest.mark.parametrize('opening, closing', [(b'[', b']'), (b'{"a":', b'}')])
def test_scanner_takes_no_more_than_its_depth(opening, closing):
    assert scan(opening * MAX_DEPTH + b'1' + closing * MAX_DEPTH) == 0
    assert scan(opening * (MAX_DEPTH + 1) + b'1' + closing * (MAX_DEPTH + 1)) == MAX_DEPTH * len(opening) + 1


def names(count):
    return ','.join(f'"{n}":0' for n in range(count))


@pytest.mark.parametrize('fine, too_much', [
    ('9' * 4300, '9' * 4301),
    ('[1,' + '9' * 4300 + ',' + '9' * 4300 + ']', '[1,' + '9' * 4301 + ']'),
    ('{' + names(1024) + '}', '{' + names(1025) + '}'),
    ('[{' + names(1024) + '},{' + names(1024) + '}]', '[{' + names(1024) + '},{' + names(1025) + '}]'),
    ('{"a":{' + names(1000) + '},' + names(1000) + '}', '{"a":{' + names(5) + '},' + names(1024) + '}'),
    ('0.' + '9' * 9000, '-' + '9' * 4301),
    ('[' + '0,' * 5000 + '0]', '[[{' + names(2000) + '}]]'),
], ids=lambda text: text[:6] + text[-6:])  # fmt: skip
def test_what_would_take_micropython_more_than_linear_time_is_refused(fine, too_much):
    assert scan(fine.encode()) == 0
    assert scan(too_much.encode()) > 0


def test_scanner_in_machine_code_has_the_same_lines():
    plain, viper = [
        (ROOT / 'edgeio' / 'runtime' / name).read_text().partition('def scan')[2]
        for name in ('json_scan.py', 'json_scan_viper.py')
    ]
    assert plain and plain == viper


# -- MicroPython ---------------------------------------------------------------------------------------------------

SEEDS = [
    '["chat",{"a":[1,-20.5,null],"b":"x\\n\\u20ac"},true,false]', '{"a":{"b":[[],{}]},"c":"\\\\ \\" \\/"}',
    ' [ 1 , 2 ] ', '-0.5e+10', '"\\ud83d\\ude00"', '0', '"é😀"', '[1E5,1e-5,0.0]', 'null',
]  # fmt: skip


def mutations():
    """Every seed, and every seed with one character less, one more, or two exchanged."""
    for seed in SEEDS:
        yield seed
        for i in range(len(seed)):
            yield seed[:i] + seed[i + 1 :]
            yield seed[:i] + seed[i : i + 2][::-1] + seed[i + 2 :]
            for c in ',:"\\0x \x1f':
                yield seed[:i] + c + seed[i:]


JUDGE = '''
import json, sys
from edgeio import compat
from edgeio.runtime import micropython_json
from edgeio.runtime.json_scan import scan as plain

print(micropython_json.scan is not plain)
for line in sys.stdin:
    text = json.loads(line)
    data = text.encode()
    size = len(data)
    same = plain(data, size, micropython_json.GRAMMAR, bytearray(192), 64) == micropython_json.scan(
        data, size, micropython_json.GRAMMAR, bytearray(192), 64)
    try:
        print(json.dumps([same, compat.json_decode(text)]))
    except ValueError:
        print(json.dumps([same]))
'''


def micropython(program, given_input, tmp_path):
    """What `program` prints on MicroPython, its lines."""
    script = tmp_path / 'program.py'
    script.write_text(program)
    done = subprocess.run(
        [*local.micropython(), '-X', 'heapsize=8M', str(script)], text=True, timeout=60, capture_output=True,
        input=given_input, env={**os.environ, 'MICROPYPATH': f'{ROOT}:.frozen'},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_micropython_judges_json_as_cpython_does(tmp_path):
    cases = list(dict.fromkeys(mutations()))
    lines = ''.join(json.dumps(case, ensure_ascii=False) + '\n' for case in cases)
    fast, *answers = micropython(JUDGE, lines, tmp_path)
    assert fast == 'True', 'the scanner in machine code is in use'
    assert len(answers) == len(cases) > 1000
    for case, answer in zip(cases, answers):
        same, *value = json.loads(answer)
        assert same, case
        expected = outcome(compat.json_decode, case)
        assert bool(value) == (expected is not None), case
        if value:
            assert value == list(expected), case


# -- text ----------------------------------------------------------------------------------------------------------


@given(st.binary(max_size=12))
def test_utf8_is_what_python_decodes(data):
    try:
        expected = data.decode('utf-8')
    except UnicodeDecodeError:
        with pytest.raises(UnicodeError):
            compat.decode_utf8(data)
    else:
        assert compat.decode_utf8(data) == expected


@pytest.mark.parametrize('text, is_number', [
    ('0', True), ('0123456789', True), ('', False), ('-1', False), ('1.5', False), (' 1', False), ('1_0', False),
    ('٣', False), ('²', False), ('１', False), ('1\n', False),
])  # fmt: skip
def test_digits_are_those_of_ascii(text, is_number):
    assert compat.is_digits(text) is is_number


@given(st.binary())
def test_base64url_is_that_of_the_rfc(data):
    import base64

    assert compat.base64url(data) == base64.urlsafe_b64encode(data).decode().rstrip('=')


def test_clock_of_the_loop_never_goes_back():
    times = [compat.monotonic_ms() for _ in range(1000)]
    assert times == sorted(times) and all(type(ms) is int for ms in times)


AT_EXIT = """
import sys
from edgeio import compat

compat.at_exit(lambda: print('first'))
compat.at_exit(lambda: print('second'))
sys.exit(3)
"""


@pytest.mark.parametrize('runtime', ['cpython', 'micropython'])
def test_all_that_wait_for_the_end_of_the_process_are_called(runtime):
    python = local.cpython() if runtime == 'cpython' else local.micropython()
    environment = {**os.environ, 'PYTHONPATH': str(ROOT), 'MICROPYPATH': f'{ROOT}:.frozen'}
    done = subprocess.run([*python, '-c', AT_EXIT], env=environment, capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout, done.stderr) == (3, 'second\nfirst\n', '')


@given(st.lists(st.sampled_from(['\\ud83d', '\\ude00', '\\u0041', '\\n', '\\\\', 'x', 'ud83d', '\\"']), max_size=12))
def test_escapes_beside_surrogates_are_read_as_ever(parts):
    text = '"' + ''.join(parts) + '"'
    expected = ['\ufffd' if '\ud800' <= c <= '\udfff' else c for c in json.loads(text)]
    assert compat.json_decode(text) == ''.join(expected)
