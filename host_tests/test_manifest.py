"""An app's manifest: its defaults, and errors that say what to change."""

import json

import pytest

from edgeio.errors import EdgeError
from edgeio.manifest import read_manifest


@pytest.fixture
def app(tmp_path):
    """`app(manifest)` writes app.json (text, or a value as JSON) and gives the app's folder."""

    def write(manifest):
        text = manifest if isinstance(manifest, str) else json.dumps(manifest)
        (tmp_path / 'app.json').write_text(text)
        return str(tmp_path)

    return write


def test_manifest_is_read_and_its_defaults_are_filled_in(app):
    assert read_manifest(app({'name': 'chat'})) == {
        'name': 'chat', 'version': '0.0.0', 'main': 'main.py', 'permissions': [],
    }  # fmt: skip


def test_what_the_manifest_says_besides_is_kept(app):
    manifest = {'name': 'chat', 'version': '1.2.3', 'main': 'app/run.py', 'permissions': ['network'], 'icon': 'a.png'}
    assert read_manifest(app(manifest)) == manifest


def test_manifest_may_begin_with_space(app):
    assert read_manifest(app('\n  {"name": "chat"}\n'))['name'] == 'chat'


def test_folder_without_a_manifest_is_told_and_what_makes_one(tmp_path):
    with pytest.raises(EdgeError) as caught:
        read_manifest(str(tmp_path / 'nothing'))
    text = str(caught.value)
    assert 'nothing/app.json cannot be read' in text and 'python3 -m edgeio new NAME' in text


@pytest.mark.parametrize('manifest, says', [
    ('', 'is not JSON'),
    ('{"name": "chat",}', 'is not JSON'),
    ('[1]', 'is not an object'),
    ('"chat"', 'is not an object'),
    ({}, "has no valid 'name'"),
    ({'name': 5}, "has no valid 'name'; seen: 5; expected: str"),
    ({'name': 'a', 'main': None}, "has no valid 'main'"),
    ({'name': 'a', 'version': 1}, "has no valid 'version'"),
    ({'name': 'a', 'permissions': 'network'}, "has no valid 'permissions'"),
    ({'name': 'a', 'main': '/etc/passwd'}, 'lies outside the app'),
    ({'name': 'a', 'main': '../other/main.py'}, 'lies outside the app'),
    ({'name': 'a', 'main': 'b/../../main.py'}, 'lies outside the app'),
])  # fmt: skip
def test_manifest_that_is_not_valid_is_an_error_that_says_what_is_wrong(manifest, says, app):
    with pytest.raises(EdgeError) as caught:
        read_manifest(app(manifest))
    assert caught.value.code == 'app.manifest'
    assert says in str(caught.value)
