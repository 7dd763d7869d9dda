"""The document's chat example, in a browser and with curl."""

import re
import subprocess

import pytest

from host_tests.browser.conftest import SCREENSHOTS

CONNECTED = re.compile(r'(\S+) connect')


class Chatter:
    """One page of the chat, used as a person would."""

    def __init__(self, page):
        self.page = page
        self.info = page.locator('#sysInfo')
        self.shown = page.locator('#res')
        self.wait_until('res: hello world', self.info.inner_text)
        self.id = CONNECTED.search(self.info.inner_text())[1]

    def say(self, text):
        self.page.fill('#inputMsg', text)
        self.page.get_by_role('button', name='Send').click()

    def say_many(self, text, count):
        """Says `text 0` and so on, faster than a person can."""
        self.page.evaluate("""([text, count]) => {
          const [input, button] = ['#inputMsg', 'button'].map(name => document.querySelector(name))
          for (let n = 0; n < count; n++) {
            input.value = `${text} ${n}`
            button.click()
          }
        }""", [text, count])

    def lines(self):
        """What was said, oldest first; the page puts the newest on top."""
        return self.shown.input_value().splitlines()[::-1]

    def wait_for_lines(self, count):
        self.page.wait_for_function(
            'n => document.getElementById("res").value.split("\\n").filter(Boolean).length >= n', arg=count)
        return self.lines()

    def wait_until(self, text, read):
        self.page.wait_for_function('text => document.getElementById("sysInfo").innerText.includes(text)', arg=text)
        assert text in read()


def curl(*arguments):
    """What curl prints; it fails on an HTTP error."""
    return subprocess.run(['curl', '--silent', '--show-error', '--fail', '--max-time', '20', *arguments],
                          check=True, capture_output=True, text=True).stdout


def test_curl_gets_the_greeting_and_the_page(chat):
    assert curl(chat.url + '/') == 'This is socket.io test server.'
    page = curl(chat.url + '/index.html')
    assert '<title>Socket.IO chat</title>' in page
    assert 'src="/socket.io/socket.io.js"' in page


@pytest.mark.browser
def test_two_pages_talk_with_each_other(chat_with, open_page):
    name, chat = chat_with
    first = Chatter(open_page(chat.url + '/index.html'))
    second = Chatter(open_page(chat.url + '/index.html'))
    assert first.id != second.id
    coming = f"new client:I'm coming, my name: client_{second.id}."
    assert first.wait_for_lines(1) == [coming]

    said = []
    for speaker, text in ((first, 'Grüße, ½ Ωμέγα ✓'), (second, '<b>hello</b>'), (first, 'bye')):
        speaker.say(text)
        said.append(f'client_{speaker.id} says: {text}')
        assert first.wait_for_lines(1 + len(said)) == [coming, *said]
        assert second.wait_for_lines(len(said)) == said

    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    first.page.screenshot(path=SCREENSHOTS / f'chat-{name}.png')
    second.page.close()
    chat.wait_for(f'client_{second.id} disconnected')


@pytest.mark.browser
def test_many_texts_keep_their_order_on_every_page(chat_with, open_page):
    _, chat = chat_with
    first = Chatter(open_page(chat.url + '/index.html'))
    second = Chatter(open_page(chat.url + '/index.html'))
    first.wait_for_lines(1)
    first.say_many('🙂 漢字', 100)
    said = [f'client_{first.id} says: 🙂 漢字 {n}' for n in range(100)]
    assert first.wait_for_lines(101)[1:] == said
    assert second.wait_for_lines(100) == said


@pytest.mark.browser
def test_the_page_says_so_when_the_server_goes_away(chat_with, open_page):
    _, chat = chat_with
    chatter = Chatter(open_page(chat.url + '/index.html'))
    chat.kill()
    chatter.wait_until(' disconnect', chatter.info.inner_text)


@pytest.mark.browser
def test_the_connection_ends_on_a_websocket(chat_with, open_page):
    _, chat = chat_with
    page = open_page('about:blank')
    with page.expect_websocket(lambda socket: 'transport=websocket' in socket.url) as opened:
        page.goto(chat.url + '/index.html')
    assert Chatter(page).id
    assert not opened.value.is_closed()
