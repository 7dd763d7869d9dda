"""tools/size.py: what it counts, and what it does when something is over its limit."""

import json

import pytest

from tools import size
from tools.sizing import modules, wasm


def test_docstrings_do_not_count(tmp_path):
    code = 'x = 1\n\n\ndef f():\n    return "kept"\n'
    path = tmp_path / 'sample.py'
    path.write_text('"""Two lines\nof text."""\n' + code.replace('    return', '    """Text."""\n    return'))
    assert modules.source_bytes(path) == len(code)


def test_text_that_is_no_docstring_counts(tmp_path):
    path = tmp_path / 'sample.py'
    path.write_text('X = 1\n"""What X is."""\n')
    assert modules.source_bytes(path) == path.stat().st_size


def test_figure_over_its_limit_is_named(capsys):
    budget = {'a': {'limit': 10}, 'b': {'limit': 10, 'aim': 5}, 'c': {'limit': 1}}
    assert size.print_table({'a': 10, 'b': 11, 'c': None, 'd': 5}, budget) == ['b', 'c']
    lines = capsys.readouterr().out.splitlines()
    assert [line.endswith('OVER') for line in lines] == [False, False, True, True, False]


def test_recording_keeps_the_aims_and_leaves_times_out(tmp_path, monkeypatch):
    monkeypatch.setattr(size, 'BUDGET', tmp_path / 'budget.json')
    size.record({'a': 100, 'b, ms': 7}, {'a': {'limit': 1, 'aim': 90}})
    assert json.loads((tmp_path / 'budget.json').read_text()) == {'a': {'limit': 106, 'aim': 90}}


def test_every_aim_and_limit_is_of_a_figure_that_is_measured():
    measured = {}
    size.measure_modules(measured, {})
    for name in json.loads(size.BUDGET.read_text()):
        assert name in measured or name.startswith(('micropython', 'cpython: ')), name


def test_chat_listens_on_32_bits_within_its_budget(tmp_path):
    modules.compile_all(size.LIBRARY, tmp_path)
    budget = json.loads(size.BUDGET.read_text())[size.IN_USE_32_BIT]
    assert 100 < wasm.in_use(tmp_path) <= budget['limit']


def test_library_that_does_not_load_there_is_told_and_not_measured(tmp_path):
    (tmp_path / 'edgeio').mkdir()
    (tmp_path / 'edgeio' / '__init__.py').write_text('raise ValueError("broken on purpose")\n')
    with pytest.raises(RuntimeError, match='broken on purpose'):
        wasm.in_use(tmp_path)


def test_32_bits_are_not_measured_where_the_build_is_missing(tmp_path, monkeypatch):
    monkeypatch.setattr(wasm, 'NODE_MODULES', tmp_path)
    assert wasm.in_use(tmp_path) is None
