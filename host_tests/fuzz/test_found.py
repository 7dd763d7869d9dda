"""What fuzzing found and the corpus alone cannot show: it needs a process of its own."""

import subprocess
import sys

import pytest

from host_tests.processes import ROOT


@pytest.mark.parametrize('text', ['[1 2]', '["a', '{"a":1,}', '[1e5&', ' {a}', '"\\q"', '[-', 'nul', '"\\ud83"', ''])
def test_json_that_is_not_valid_is_a_value_error_though_nothing_else_is_loaded(text):
    # Python 3.11's scanner looks for its exception in the module json.decoder; pytest has that loaded, a server not.
    program = (
        'import sys; from edgeio.compat import json_decode\n'
        'assert "json.decoder" not in sys.modules\n'
        'try: json_decode(sys.argv[1])\n'
        'except ValueError: print("refused")'
    )
    done = subprocess.run(
        [sys.executable, '-S', '-c', program, text], env={'PYTHONPATH': str(ROOT)}, capture_output=True, text=True
    )
    assert done.stdout == 'refused\n', done.stderr
