"""Where the runtimes differ without a word: JSON, UTF-8, the order of keys, arities, clocks. Same answers on both."""

from edgeio import compat

from .harness import raises, same

NOT_JSON = (
    '',
    ' ',
    '[1 2]',
    '[1,]',
    '[,1]',
    '{"a" 1}',
    '{"a":1,}',
    '{"a":1 "b":2}',
    '{1:2}',
    '{a:1}',
    "['a']",
    '[1',
    '"abc',
    '"a\\q"',
    '"a\\u12"',
    '"a\nb"',
    'nul',
    'True',
    'NaN',
    '[Infinity]',
    '-Infinity',
    '01',
    '+1',
    '1.',
    '.5',
    '1e',
    '--1',
    '0x10',
    '[1]x',
    '1 2',
    '[1]]',
    '"a"b"',
    '// comment\n1',
)


def test_what_is_not_json_is_refused():
    accepted = []
    for text in NOT_JSON:
        try:
            accepted.append((text, compat.json_decode(text)))
        except ValueError:
            pass
    same(accepted, [])


def test_json_values_are_read():
    same(
        compat.json_decode(' [1, -2.5, 1e3, true, false, null, "a\\"\\\\\\/\\b\\f\\n\\r\\t"] '),
        [1, -2.5, 1000.0, True, False, None, 'a"\\/\b\f\n\r\t'],
    )
    same(compat.json_decode('{"a":{"b":[]},"c":""}'), {'a': {'b': []}, 'c': ''})
    same(compat.json_decode('{}'), {})
    same(compat.json_decode('0'), 0)
    same(compat.json_decode('12345678901234567890'), 12345678901234567890)


def test_json_is_read_from_an_offset():
    same(compat.json_decode('42["a"]', 2), ['a'])


def test_last_of_equal_keys_counts():
    same(compat.json_decode('{"a":1,"a":2}'), {'a': 2})


def test_surrogate_escapes_make_one_character():
    same(compat.json_decode('"\\ud83d\\ude00"').encode(), b'\xf0\x9f\x98\x80')
    same(compat.json_decode('"\\u20ac"').encode(), b'\xe2\x82\xac')


def test_deep_json_is_refused_not_fatal():
    for opening, closing in (('[', ']'), ('{"a":', '}')):
        raises(ValueError, compat.json_decode, opening * 20000)
        raises(ValueError, compat.json_decode, opening * 20000 + '1' + closing * 20000)


def test_json_is_written_compact():
    same(compat.json_encode(['a', 1, 2.5, True, None, [], {}]), '["a",1,2.5,true,null,[],{}]')
    same(compat.json_encode({'a': [1]}), '{"a":[1]}')
    same(compat.json_encode((1, 2)), '[1,2]')


def test_text_survives_json():
    text = 'quote " backslash \\ control \x01\x1f\x7f newline \n euro \u20ac smile \U0001f600'
    same(compat.json_decode(compat.json_encode(text)), text)


def test_what_json_has_no_form_for_is_refused():
    class Thing:
        pass

    for value in (Thing(), {1, 2}, [print], {'a': Thing()}):
        raises(TypeError, compat.json_encode, value)
    for value in (float('nan'), float('inf'), [-float('inf')]):
        raises(ValueError, compat.json_encode, value)
    assert compat.take_attachments() is None


def test_circular_value_is_refused():
    value = []
    value.append(value)
    raises(ValueError, compat.json_encode, value)


def test_bytes_become_placeholders_in_order():
    text = compat.json_encode(['a', b'one', [bytearray(b'two')]])
    same(compat.json_decode(text), ['a', {'_placeholder': True, 'num': 0}, [{'_placeholder': True, 'num': 1}]])
    same(compat.take_attachments(), [b'one', b'two'])
    assert compat.take_attachments() is None


def test_attachments_match_their_placeholders_in_a_dict_of_any_order():
    value = {}
    for number in range(20):
        value['key%d' % number] = b'%d' % number
    decoded = compat.json_decode(compat.json_encode(value))
    attachments = compat.take_attachments()
    for key in value:
        same(attachments[decoded[key]['num']], value[key])


def test_refused_value_leaves_no_attachments_behind():
    raises(TypeError, compat.json_encode, [b'lost', print])
    compat.json_encode(['next'])
    assert compat.take_attachments() is None


NOT_UTF8 = (
    b'\x80',
    b'\xbf',
    b'\xc0\x80',
    b'\xc1\xbf',
    b'\xc2',
    b'\xc2A',
    b'\xe0\x80\x80',
    b'\xe0\x9f\xbf',
    b'\xe2\x82',
    b'\xe2\x82A',
    b'\xed\xa0\x80',
    b'\xed\xbf\xbf',
    b'\xf0\x80\x80\x80',
    b'\xf0\x8f\xbf\xbf',
    b'\xf0\x9f\x98',
    b'\xf4\x90\x80\x80',
    b'\xf5\x80\x80\x80',
    b'\xfe',
    b'\xff',
    b'a\xffb',
    b'\xe2\x82\xac\xed\xa0\x80',
)

UTF8 = (
    b'',
    b'abc',
    b'\x00',
    b'\xc2\x80',
    b'\xdf\xbf',
    b'\xe0\xa0\x80',
    b'\xed\x9f\xbf',
    b'\xee\x80\x80',
    b'\xef\xbf\xbf',
)
UTF8_LONG = (b'\xf0\x90\x80\x80', b'\xf4\x8f\xbf\xbf')


def test_what_is_not_utf8_is_refused():
    accepted = []
    for data in NOT_UTF8:
        try:
            accepted.append((data, compat.decode_utf8(data)))
        except ValueError:
            pass
    same(accepted, [])


def test_utf8_is_decoded():
    for data in UTF8 + UTF8_LONG:
        same(compat.decode_utf8(data).encode(), data)


def test_arity_is_known():
    def none():
        pass

    def two(a, b):
        pass

    def optional(a, b=1):
        pass

    def any_number(a, *rest):
        pass

    def keyword_only(a, *, b=1):
        pass

    async def coroutine(a, b):
        pass

    def generator(a):
        yield a

    class Thing:
        def method(self, a, b):
            pass

    many = compat.ANY_NUMBER
    same(compat.arity(none), (0, 0))
    same(compat.arity(two), (2, 2))
    same(compat.arity(optional), (1, 2))
    same(compat.arity(any_number), (1, many))
    same(compat.arity(keyword_only), (1, 1))
    same(compat.arity(coroutine), (2, 2))
    same(compat.arity(generator), (1, 1))
    same(compat.arity(Thing().method), (2, 2))
    same(compat.arity(lambda a, b, c: None), (3, 3))


def test_arity_of_a_closure():
    x, y = 1, 2

    def closure(a, b):
        return x + y

    class Thing:
        def method(self, a):
            return x

    same(compat.arity(closure), (2, 2))
    same(compat.arity(Thing().method), (1, 1))


def test_arity_of_what_cannot_be_looked_into_is_any():
    least, most = compat.arity([].append)
    assert least <= 1 and most >= 1
    least, most = compat.arity(print)
    assert least == 0 and most >= 1


def test_generators_and_coroutines_are_told_from_other_values():
    async def coroutine():
        pass

    def generator():
        yield

    made = coroutine()
    assert compat.is_generator(made) and compat.is_generator(generator())
    made.close()
    for value in (None, 1, [], print, iter([])):
        assert not compat.is_generator(value), value


def test_clocks():
    before = compat.monotonic_ms()
    assert isinstance(before, int) and compat.monotonic_ms() >= before
    assert isinstance(compat.unix_ms(), int)


def test_sha1():
    same(compat.sha1(b'abc'), b'\xa9\x99>6G\x06\x81j\xba>%qxP\xc2l\x9c\xd0\xd8\x9d')
