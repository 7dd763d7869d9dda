"""Web apps (platform module `webapp`): routes, middleware, static files, body parsers, cookies.

    from edgeio.webapp import WebApp, body

    app = WebApp.create('name', 0, socket.sockaddr(socket.INADDR_ANY, 8000))
    app.use(body.json())

    @app.get('/hello/:name')
    def hello(req, res):
        res.send('Hello ' + req.params['name'])

    app.start()
"""

_CLASSES = {
    'WebApp': 'app', 'Router': 'router', 'session': 'session', 'access_log': 'accesslog', 'basic_auth': 'basicauth',
    'history': 'history',
}  # fmt: skip


def __getattr__(name):
    if name == 'body':
        # As an attribute of the package: the form of import that both runtimes have.
        exec('import edgeio.webapp.body')
        return globals()[name]
    if name in _CLASSES:
        exec('from edgeio.webapp.' + _CLASSES[name] + ' import ' + name, globals())
        return globals()[name]
    if name in ('create', 'create_app', 'createApp'):
        return getattr(__getattr__('WebApp'), name)
    raise AttributeError('edgeio.webapp has no ' + name)
