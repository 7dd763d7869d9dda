"""WebApp: making one, settings, start and stop."""

import pytest

from edgeio import WebApp as lazy_webapp
from edgeio import webapp
from edgeio.errors import OptionError
from edgeio.webapp import WebApp
from host_tests.looping import turn_until


def test_example_of_the_platform_document(app, tester, tmp_path):
    (tmp_path / 'index.html').write_text('<p>chat</p>')
    from edgeio import fs

    def handle_index(req, res):
        data = fs.read_file(str(tmp_path / ('index.' + req.params['ext'])))
        if data:
            res.end(data)
        else:
            return ValueError('Read file error.')

    def handle(req, res):
        res.end('This is socket.io test server.')

    app.get('/index.:ext', handle_index)
    app.all('/', handle)
    assert tester.get('/index.html').text == '<p>chat</p>'
    assert tester.get('/').text == tester.ask('POST', '/', b'x').text == 'This is socket.io test server.'


def test_read_error_of_the_example_is_a_500(app, tester, reports):
    app.get('/', lambda req, res: ValueError('Read file error.'))
    assert tester.get('/').status == 500
    assert str(reports.pop()[0]) == 'Read file error.'


def test_webapp_is_the_same_by_every_name():
    assert lazy_webapp is webapp.WebApp is WebApp
    assert webapp.create_app is not None and webapp.Router is WebApp.Router


def test_address_comes_from_the_host(monkeypatch):
    monkeypatch.setenv('EDGEIO_HOST', '127.0.0.1')
    monkeypatch.setenv('EDGEIO_PORT', '0')
    app = WebApp.createApp()
    assert (app.server.saddr.addr, app.server.saddr.port) == ('127.0.0.1', 0)
    assert app.port() is None
    started = []
    app.server.on('start', lambda: started.append(True))
    assert app.start() is app and app.port() > 0 and started
    stopped = []
    app.stop(lambda: stopped.append(True))
    turn_until(lambda: stopped)


def test_port_that_is_no_number_is_refused(monkeypatch):
    monkeypatch.setenv('EDGEIO_PORT', 'http')
    with pytest.raises(OptionError, match='EDGEIO_PORT'):
        WebApp.create_app()


def test_settings_are_kept(app):
    assert app.set('title', 'x') is app and app.set('title') == 'x' and app.set('none') is None
    assert app.enabled('a') is False and app.disabled('a') is True
    assert app.enable('a').enabled('a') is True
    assert app.disable('a').disabled('a') is True


def test_limits_of_the_server_are_options_of_create():
    assert WebApp.create('x', 0, None, max_body=5).server.limits['max_body'] == 5
    with pytest.raises(OptionError, match="'max_body' perhaps"):
        WebApp.create('x', 0, None, max_bodies=5)


def test_engine_may_be_mounted_on_the_app(app, tester):
    class Engine:
        def handle_request(self, req, res):
            res.end('engine')

    app.mount('/e', Engine())
    assert tester.get('/e').text == 'engine'
    app.unmount('/e')
    assert tester.get('/e').status == 404
