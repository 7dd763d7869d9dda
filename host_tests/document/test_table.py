"""Holds README.md to its word: headings, tests, names in both spellings, options and defaults."""

import ast
import re
from pathlib import Path

import pytest

from edgeio.socketio import Server
from edgeio.socketio.server import OPTIONS as ALL_OPTIONS
from host_tests.document.headings import HEADINGS, OPTIONS
from host_tests.document.talk import other_end

HERE = Path(__file__).parent
OBJECTS = r'(server\.engine|io\.engine|server|io|namespace|socket|client)\.(\w+)'


def read_rows():
    """The cells of each row: [the document's call, the Python call, [tests]]."""
    rows = []
    for line in (HERE / 'README.md').read_text().splitlines():
        if line.startswith('| `'):
            document, python, tests = line.strip('| ').split(' | ')
            rows.append((document.strip('`'), re.match('`(.*?)`', python)[1], re.findall('`(.*?)`', tests)))
    return rows


ROWS = read_rows()
NAMED = [(re.match(OBJECTS, row[0]), re.match(OBJECTS, row[1])) for row in ROWS]
NAMED = [(a.groups(), b.groups()) for a, b in NAMED if a and b]


def written_tests():
    names = []
    for path in HERE.glob('test_*.py'):
        if path.name != 'test_table.py':
            tree = ast.parse(path.read_text())
            names += [node.name for node in tree.body if getattr(node, 'name', '').startswith('test_')]
    return names


def test_every_heading_and_option_has_its_row_in_the_documents_order():
    assert [row[0] for row in ROWS] == [*HEADINGS, *OPTIONS]


def test_every_row_names_tests_that_exist_and_every_test_is_named():
    named = {test for row in ROWS for test in row[2]}
    assert all(row[2] for row in ROWS)
    assert named == set(written_tests())


@pytest.mark.parametrize(('document', 'python'), NAMED, ids=lambda pair: '.'.join(pair))
def test_the_documents_name_is_pythons(serve, connect, document, python):
    io = serve()
    socket = other_end(io, connect(io))
    objects = {
        'server': io, 'io': io, 'server.engine': io.engine, 'io.engine': io.engine, 'namespace': io.sockets,
        'socket': socket, 'client': socket.client,
    }
    ours, theirs = getattr(objects[python[0]], python[1]), getattr(objects[document[0]], document[1])
    assert theirs == ours or type(theirs) is type(ours) and python[1] in ('volatile', 'local', 'broadcast')


@pytest.mark.parametrize('row', ROWS[-len(OPTIONS):], ids=lambda row: row[0])
def test_the_documents_option_is_pythons_and_has_this_default(row):
    document, python, _ = row
    name, default = python.split('=', 1)
    default = ast.literal_eval(default)
    assert Server().options[name] == default
    value = {'path': '/x', 'transports': ['polling'], 'ping_timeout': 5, 'ping_interval': 5, 'origins': 'https://a.example'}
    value = value.get(name, not default)
    if name not in ('adapter', 'parser'):
        assert Server({document: value}).options == Server(**{name: value}).options != Server().options


def test_every_other_name_of_the_api_works_in_the_documents_spelling(serve, connect):
    io = serve()
    socket = other_end(io, connect(io))
    for owner in (io, io.sockets, socket, socket.client, socket.conn, io.engine, io.to('room')):
        for name in dir(type(owner)):
            spelt = re.sub('_([a-z])', lambda match: match[1].upper(), name)
            if not name.startswith('_') and spelt != name:
                same = getattr(owner, spelt) == getattr(owner, name)
                assert same or callable(getattr(owner, name)) is callable(getattr(owner, spelt)), spelt


def test_every_option_is_taken_in_the_documents_spelling():
    for name, default in ALL_OPTIONS.items():
        spelt = re.sub('_([a-z])', lambda match: match[1].upper(), name)
        assert Server({spelt: default}).options == Server().options
