"""The panel app in a real browser: what is switched there is switched here, and what happens here is seen there."""

import json
import subprocess
import sys

import pytest

from host_tests.processes import ROOT, TRACEBACK, Program

pytestmark = pytest.mark.browser

SETTINGS = {'gpio': {'inputs': {'door': 0, 'window': 1}, 'outputs': {'lamp': 4}}}


@pytest.fixture
def panel(tmp_path):
    """The app with one switch a line, and two LEDs."""
    folder = tmp_path / 'leds'
    for name in ('power', 'status'):
        (folder / name).mkdir(parents=True)
        for attribute, text in (('brightness', '0'), ('max_brightness', '255'), ('trigger', 'none [heartbeat]')):
            (folder / name / attribute).write_text(text)
    (tmp_path / 'settings.json').write_text(json.dumps(SETTINGS))
    app = PanelApp(folder, {'EDGEIO_SETTINGS': str(tmp_path / 'settings.json')})
    yield app
    app.stop()
    assert TRACEBACK not in app.log, app


class PanelApp(Program):
    """The app, its switches and its LEDs."""

    def __init__(self, folder, environment):
        self.folder = folder
        command = [sys.executable, ROOT / 'host_tests/board/panel_app.py', folder]
        environment = {'PYTHONPATH': str(ROOT), 'PYTHONUNBUFFERED': '1', **environment}
        super().__init__(command, ROOT, environment, subprocess.PIPE)
        self.url = self.wait_for(r'http://\S+')[0]

    def switch(self, line, level):
        """Somebody at a switch."""
        self.process.stdin.write(f'{line} {level}\n')
        self.process.stdin.flush()

    def brightness(self, name):
        return (self.folder / name / 'brightness').read_text()


@pytest.fixture
def page(panel, browser):
    """The panel in a browser, live."""
    page = browser.new_page()
    problems = []
    page.on('pageerror', lambda error: problems.append(str(error)))
    page.goto(panel.url)
    page.wait_for_selector('#link.on')
    page.wait_for_selector('#sensors .row')
    yield page
    page.close()
    assert not problems


def test_switch_is_seen_in_every_browser(panel, page, browser):
    second = browser.new_page()
    second.goto(panel.url)
    second.wait_for_selector('#link.on')
    for one in (page, second):
        one.wait_for_selector('[id="input-door"]')
        assert one.get_attribute('[id="input-door"]', 'title') == 'low'
    panel.switch(0, 1)
    for one in (page, second):
        one.wait_for_selector('[id="input-door"].on')
        assert one.get_attribute('[id="input-window"]', 'title') == 'low'
    panel.switch(0, 0)
    page.wait_for_selector('[id="input-door"]:not(.on)')
    second.close()


def test_lamp_and_led_are_switched_from_the_browser(panel, page):
    page.click('[id="output-lamp"]')
    page.wait_for_selector('[id="output-lamp"].on')
    page.click('[id="led-status"]')
    page.wait_for_selector('[id="led-status"].on')
    assert panel.brightness('status') == '255' and panel.brightness('power') == '0'
    page.click('[id="led-status"]')
    page.wait_for_selector('[id="led-status"]:not(.on)')
    assert panel.brightness('status') == '0'


def test_sensor_values_are_renewed(page):
    def up_for():
        return page.locator('#sensors .row', has_text='up for').inner_text()

    first = up_for()
    page.wait_for_function('text => !document.getElementById("sensors").innerText.includes(text)', arg=first)
    assert up_for() != first


def test_page_works_at_a_phones_width(page):
    page.set_viewport_size({'width': 360, 'height': 700})
    assert page.evaluate('document.documentElement.scrollWidth') <= 360
    (ROOT / '.build/screenshots').mkdir(parents=True, exist_ok=True)
    page.screenshot(path=ROOT / '.build/screenshots/panel.png')


def test_app_without_permission_for_devices_says_so(tmp_path):
    app = tmp_path / 'app'
    app.mkdir()
    for path in (ROOT / 'board/apps/panel').iterdir():
        if path.is_file():
            (app / path.name).write_bytes(path.read_bytes())
    (app / 'app.json').write_text('{"name": "panel", "permissions": ["network"]}')
    (app / 'main.py').write_text(
        'import lines\nfrom edgeio import apphost\napphost._settings = {"gpio": {"inputs": {"door": 0}}}\n'
        'print(lines.Panel(print).problems[0])\n'
    )
    command = [sys.executable, '-m', 'edgeio', 'run', app]
    done = subprocess.run(command, cwd=ROOT, text=True, capture_output=True, timeout=30)
    assert "lacks the permission 'gpio'" in done.stdout, done
