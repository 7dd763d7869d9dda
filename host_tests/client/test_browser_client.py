"""Our browser client in a real browser, against the official server."""

import pytest

pytestmark = pytest.mark.browser

FAST = 'reconnectionDelay: 20, reconnectionDelayMax: 50'
CONNECT = """async (options) => {
    window.log = [];
    window.socket = io(Object.assign({%s}, options));
    for (const name of ['connect', 'disconnect', 'connect_error']) {
        socket.on(name, (what) => log.push([name, String(what && what.message || what || '')]));
    }
    socket.on('disconnect', (reason) => localStorage.setItem('disconnect', reason));
    await new Promise((resolve) => socket.once('connect', resolve));
}""" % FAST
UPGRADED = '() => socket.io.engine.transport.name === "websocket"'
ECHO = '(value) => socket.timeout(5000).emitWithAck("echo", value)'


def connected(page, **options):
    page.evaluate(CONNECT, options)
    return page


def log(page, name):
    return [entry[1] for entry in page.evaluate('() => log') if entry[0] == name]


def test_io_without_a_url_polls_the_page_s_own_host_then_upgrades(start_server, open_page):
    server = start_server()
    page = open_page(server.url)
    requests, websockets = [], []
    page.on('request', lambda request: requests.append(request.url))
    page.on('websocket', lambda websocket: websockets.append(websocket.url))
    connected(page)
    page.wait_for_function(UPGRADED)
    assert page.evaluate('() => socket.timeout(5000).emitWithAck("who")')['transport'] == 'websocket'
    assert requests[0].startswith(server.url + '/socket.io/?EIO=4&transport=polling&t=')
    assert len(websockets) == 1 and websockets[0].startswith(f'ws://127.0.0.1:{server.port}/socket.io/?EIO=4')
    assert page.evaluate(ECHO, 'grüß dich 😀') == 'grüß dich 😀'


def test_a_namespace_is_named_by_its_path_alone(start_server, open_page):
    page = open_page(start_server().url)
    who = page.evaluate("""async () => {
        const socket = io('/board?room=7');
        return socket.timeout(5000).emitWithAck('who');
    }""")
    assert who['query']['room'] == '7'


@pytest.mark.parametrize('transport', ['polling', 'websocket'])
def test_binary_goes_and_comes(start_server, open_page, transport):
    page = connected(open_page(start_server().url), transports=[transport])
    sizes = page.evaluate("""() => socket.timeout(5000).emitWithAck('sizes',
        new Blob(['ab']), new File(['abc'], 'x'), new Uint8Array(4), new Uint8Array(9).subarray(2, 7),
        new ArrayBuffer(6), new DataView(new ArrayBuffer(9), 2), new ArrayBuffer(0), new Blob([new Uint8Array(100000)]))
    """)
    assert sizes == [2, 3, 4, 5, 6, 7, 0, 100000]
    back = page.evaluate("""async () => {
        const sent = new Uint8Array(70000).map((_, i) => i * 7);
        const {data, text} = await socket.timeout(5000).emitWithAck('echo', {data: sent, text: 'é'});
        const got = new Uint8Array(data);
        return [data instanceof ArrayBuffer, text, got.length, got.every((byte, i) => byte === sent[i])];
    }""")
    assert back == [True, 'é', 70000, True]


def test_binary_of_another_frame_is_binary(start_server, open_page):
    page = connected(open_page(start_server().url))
    sizes = page.evaluate("""() => {
        const frame = document.body.appendChild(document.createElement('iframe')).contentWindow;
        return socket.timeout(5000).emitWithAck('sizes', new frame.ArrayBuffer(3), new frame.Blob(['ab']));
    }""")
    assert sizes == [3, 2]


@pytest.mark.parametrize('transports', [['polling'], ['websocket'], ['polling', 'websocket']], ids='+'.join)
def test_a_server_that_comes_back_finds_the_page_again(start_server, open_page, transports):
    server = start_server()
    page = connected(open_page(server.url), transports=transports)
    server.kill()
    page.wait_for_function('() => log.some(([name]) => name === "connect_error")')
    page.evaluate('() => { window.answer = socket.emitWithAck("echo", "meanwhile"); }')
    start_server(port=server.port)
    assert page.evaluate('() => answer') == 'meanwhile'
    assert log(page, 'disconnect')[0] in ('transport close', 'transport error')
    assert len(log(page, 'connect')) == 2


def test_a_blocked_websocket_leaves_everything_to_polling(start_server, open_page):
    page = open_page(start_server(blockWebsocket=True).url)
    page.evaluate("""() => {
        window.socket = io();
        window.failed = new Promise((resolve) => socket.io.engine.on('upgradeError', (error) => resolve(error.code)));
    }""")
    assert page.evaluate('() => failed') == 'transport.websocket'
    assert page.evaluate(ECHO, 1) == 1
    assert page.evaluate('() => socket.io.engine.transport.name') == 'polling'


@pytest.mark.parametrize('transport', ['polling', 'websocket'])
def test_a_page_that_is_left_closes_at_once_and_quietly(start_server, open_page, transport):
    server = start_server()
    page = connected(open_page(server.url), transports=[transport])
    page.goto(server.url + '/elsewhere')
    # The browser drops its poll and says goodbye at the same time; either way it is long before the heartbeat.
    server.wait_for('left /: transport (close|error)', seconds=4)
    assert page.evaluate('() => localStorage.getItem("disconnect")') is None


def test_a_page_that_asks_to_stay_keeps_its_connection(start_server, open_page):
    page = connected(open_page(start_server().url))
    page.wait_for_function(UPGRADED)
    before = page.evaluate('() => socket.id')
    page.evaluate("""() => {
        window.dispatchEvent(new Event('beforeunload'));
        return new Promise((resolve) => setTimeout(resolve, 1100));
    }""")
    assert page.evaluate(ECHO, 'here') == 'here'
    assert page.evaluate('() => socket.id') == before


def test_a_page_that_comes_back_connects_again(start_server, open_page):
    page = connected(open_page(start_server().url))
    page.evaluate('() => { window.dispatchEvent(new Event("pagehide")); }')
    page.wait_for_function('() => log.filter(([name]) => name === "connect").length === 2')
    assert log(page, 'disconnect') == ['transport close']


def test_a_page_that_was_hidden_too_long_notices_when_it_is_shown(start_server, open_page):
    page = connected(open_page(start_server().url))
    page.evaluate("""() => {
        const now = Date.now;
        Date.now = () => now() + 3600000;
        document.dispatchEvent(new Event('visibilitychange', {bubbles: true}));
        Date.now = now;
    }""")
    page.wait_for_function('() => log.filter(([name]) => name === "connect").length === 2')
    assert log(page, 'disconnect') == ['ping timeout']


def test_a_network_that_goes_is_noticed_and_found_again(start_server, open_page):
    page = connected(open_page(start_server().url))
    page.context.set_offline(True)
    page.wait_for_function('() => log.some(([name]) => name === "connect_error")')
    assert log(page, 'disconnect') == ['transport close']
    page.context.set_offline(False)
    page.wait_for_function('() => log.filter(([name]) => name === "connect").length === 2')


def test_another_origin_sends_cookies_only_with_credentials(start_server, open_page):
    page = open_page(start_server().url)
    other = start_server(options={'cors': {'origin': True, 'credentials': True}})
    ask = """([url, withCredentials]) => io(url, {withCredentials, forceNew: true, transports: ['polling']})
        .timeout(5000).emitWithAck('who')"""
    assert page.evaluate(ask, [other.url, True])['cookie'] == 'seen=1'
    assert 'cookie' not in page.evaluate(ask, [other.url, False])


def test_an_origin_that_is_not_allowed_gets_an_error_that_names_cors(start_server, open_page):
    page = open_page(start_server().url)
    other = start_server()
    text = page.evaluate("""(url) => new Promise((resolve) => {
        io(url, {reconnection: false}).on('connect_error', (error) => resolve(error.message));
    })""", other.url)
    assert text.startswith(f'polling: no answer from {other.url}/socket.io/') and 'option cors' in text


def test_a_policy_that_forbids_websockets_leaves_everything_to_polling(start_server, open_page):
    page = open_page(start_server().url)
    page.evaluate("""() => {
        const meta = document.createElement('meta');
        meta.httpEquiv = 'Content-Security-Policy';
        meta.content = `connect-src http://${location.host}/socket.io/`;
        document.head.append(meta);
        window.socket = io();
        window.failed = new Promise((resolve) => socket.io.engine.on('upgradeError', (error) => resolve(error.code)));
    }""")
    assert page.evaluate('() => failed') == 'transport.websocket'
    for n in range(3):
        assert page.evaluate(ECHO, n) == n
    assert page.evaluate('() => socket.io.engine.transport.name') == 'polling'


def test_many_messages_arrive_in_order_through_the_upgrade(start_server, open_page):
    page = open_page(start_server().url)
    got = page.evaluate("""async () => {
        window.socket = io();
        const answers = [];
        for (let n = 0; n < 500; n++) {
            answers.push(socket.emitWithAck('echo', n % 5 ? n : {n, data: new Blob([String(n)])}));
            if (n % 25 === 0) await new Promise((resolve) => setTimeout(resolve));
        }
        return (await Promise.all(answers)).map((answer) => answer.n === undefined ? answer : answer.n);
    }""")
    assert got == list(range(500))
    page.wait_for_function(UPGRADED)
