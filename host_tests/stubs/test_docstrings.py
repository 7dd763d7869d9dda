"""Docstrings of the public API: what the stubs name is described, and names the document's section, ms and errors."""

import ast
import re

import pytest

from host_tests.document.headings import HEADINGS, OPTIONS
from host_tests.stubs.sources import (
    FUNCTIONS,
    PACKAGE,
    STUBS,
    described,
    family,
    member,
    module_level,
    raised,
    source,
    stubbed,
)

CLASSES = {'server': 'server.py', 'namespace': 'namespace.py', 'socket': 'socket.py', 'client': 'client.py'}
"""The document's objects, and the files of edgeio/socketio with the classes of these names."""


def public():
    """(Definition or None, words for it) of every class, function, method and property that the stubs name."""
    found = []
    for stub in STUBS:
        for name, node, inside in stubbed(stub):
            if isinstance(node, (ast.ClassDef, *FUNCTIONS)):
                owner = module_level(source(stub), name)
                found.append((owner, f'{stub.relative_to(PACKAGE)}: {name}'))
                inside = {key for key, part in inside.items() if isinstance(part, FUNCTIONS)}
                found += [(member(owner, key), f'{stub.relative_to(PACKAGE)}: {name}.{key}') for key in sorted(inside)]
    return found


PUBLIC = public()
DEFINED = [(definition, words) for definition, words in PUBLIC if definition]


def test_every_class_function_method_and_property_has_a_docstring():
    assert len(PUBLIC) > 250
    without = [words for definition, words in PUBLIC if definition is None or not definition.doc]
    assert not without, '\n'.join(without)


def test_every_attribute_is_described_by_its_class():
    without = []
    for stub in STUBS:
        for name, node, inside in stubbed(stub):
            attributes = [key for key, part in inside.items() if isinstance(part, ast.AnnAssign)]
            if isinstance(node, ast.ClassDef) and attributes:
                docs = ' '.join(part.doc for part in family(module_level(source(stub), name)))
                without += [
                    f'{stub.relative_to(PACKAGE)}: {name}.{key}'
                    for key in attributes
                    if not re.search(rf'\b{key}\b', docs)
                ]
    assert not without, '\n'.join(without)


def test_every_constant_is_described_where_it_stands():
    constants = [(stub, name) for stub in STUBS for name, node, _ in stubbed(stub) if isinstance(node, ast.AnnAssign)]
    without = [f'{stub.relative_to(PACKAGE)}: {name}' for stub, name in constants if not described(source(stub), name)]
    assert len(constants) > 10 and not without, '\n'.join(without)


def test_what_takes_a_time_says_milliseconds():
    without, checked = [], 0
    for definition, words in DEFINED:
        if isinstance(definition.node, FUNCTIONS):
            arguments = definition.node.args.args + definition.node.args.kwonlyargs
            times = [part.arg for part in arguments if re.search('(^|_)(ms|timeout|interval)$', part.arg)]
            doc = definition.doc + (definition.owner.doc if definition.owner else '')
            checked += bool(times)
            if times and not re.search(r'\bms\b|milliseconds', doc):
                without.append(f'{words}: {times}')
    assert checked > 5 and not without, '\n'.join(without)


def test_what_raises_says_which_error():
    without, checked = [], 0
    for definition, words in DEFINED:
        function, doc = definition, definition.doc
        if isinstance(definition.node, ast.ClassDef):
            function = member(definition, '__init__')
            doc = ' '.join(part.doc for part in family(definition))
        errors = sorted(raised(function)) if function else ()
        checked += bool(errors)
        without += [f'{words}: {error}' for error in errors if error not in doc]
    assert checked > 20 and not without, '\n'.join(without)


def definition_of(heading):
    """Of one of the document's headings: (the Definition whose docstring names it, the section, the word in it)."""
    path = PACKAGE / 'socketio'
    if heading.startswith('new Server'):
        return module_level(path / 'server.py', 'Server'), 'new Server', 'server'
    if heading == 'server.engine.generateId':
        return module_level(PACKAGE / 'engineio' / 'server.py', 'Server'), heading, 'generate_id'
    if heading in ('Namespace', 'Socket', 'Client'):
        return module_level(path / CLASSES[heading.lower()], heading), heading, ''
    thing, name = re.match(r"(\w+)(?:\.| Flag: '| Event: ')(\w+)", heading).groups()
    owner = module_level(path / CLASSES[thing], thing.capitalize())
    if ' Event: ' in heading:
        return owner, thing.capitalize(), name
    python = re.sub('([A-Z])', lambda match: '_' + match[1].lower(), name)
    found = member(owner, python) or member(owner, python + '_')
    if found is None:
        return owner, owner.name, python
    return found, f'{thing}.{name}', ''


def names_section(doc, section):
    """True where a docstring has it in brackets: (document, "socket.join"), (document, "namespace.to", "socket.to")."""
    brackets = ' '.join(re.findall(r'\(document,([^)]*)\)', re.sub(r'\s+', ' ', doc)))
    return f'"{section}"' in brackets


@pytest.mark.parametrize('heading', [heading for heading in HEADINGS if heading != 'Example'])
def test_what_the_document_describes_names_its_section(heading):
    definition, section, word = definition_of(heading)
    assert names_section(definition.doc, section), f'{definition} does not say (document, "{section}")'
    assert re.search(rf'\b{word}\b', definition.doc), f'{definition} says nothing of {word}'


def test_every_option_of_the_document_is_described_by_the_server():
    doc = module_level(PACKAGE / 'socketio' / 'server.py', 'Server').doc
    options = [re.sub('([A-Z])', lambda match: '_' + match[1].lower(), name) for name in OPTIONS]
    assert not [name for name in options if not re.search(rf'\b{name}\b', doc)]


def test_every_section_that_is_named_is_one_of_the_documents():
    known = {re.split(r'[(\[]', heading)[0].strip() for heading in HEADINGS}
    known |= {re.sub(" Flag: '(.*)'", r'.\1', heading) for heading in HEADINGS} | {'Server'}
    named = set()
    for path in sorted(PACKAGE.rglob('*.py')):
        for bracket in re.findall(r'\(document,([^)]*)\)', re.sub(r'\s+', ' ', path.read_text())):
            named |= set(re.findall('"(.*?)"', bracket))
    assert len(named) > 40 and named <= known, sorted(named - known)
