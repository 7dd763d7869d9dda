"""The chat app on the board, as its owner would run it: put there over the serial line, started by init, used with
the official client, killed, and seen to come back."""

from . import apps, checks
from .checks import expect
from .person import Person

RUN = """#!/bin/sh
cd /opt/edgeio && exec python3 -m edgeio run /opt/app/chat
"""


def check_app_is_put_on_the_board_byte_for_byte(machine):
    machine.console.run('mkdir -p /opt/app/chat')
    for path in sorted(apps.CHAT.iterdir()):
        if path.is_file():
            machine.console.push(path.read_bytes(), f'/opt/app/chat/{path.name}')
    machine.console.push(RUN.encode(), '/opt/app/run.new')
    machine.console.run('chmod +x /opt/app/run.new && mv /opt/app/run.new /opt/app/run')


def check_init_starts_it_and_it_serves_its_page(machine):
    page = apps.get(machine, '/index.html')
    expect(page == (apps.CHAT / 'index.html').read_bytes(), f'the page is another one: {page[:200]!r}')
    expect(apps.get(machine, '/') == b'This is socket.io test server.', '/ is not answered as the app says')


def check_two_people_talk(machine):
    port = machine.forward(apps.PORT)
    first = Person(port)
    first_id = first.expect('connect')
    first.expect('answer', 'hello world')
    second = Person(port)
    second_id = second.expect('connect')
    first.expect('hi', second_id)
    first.say('good morning')
    expected = f'client_{first_id} says: good morning'
    for person in (first, second):
        seen = person.expect('chat')
        expect(seen == expected, f'{seen!r} came instead of {expected!r}')
        person.expect('upgrade', 'websocket')
    for person in (first, second):
        person.leave()


def check_it_comes_back_when_it_is_killed(machine):
    person = Person(machine.forward(apps.PORT))
    first_id = person.expect('connect')
    before = _process_id(machine)
    machine.console.run(f'kill -9 {before}')
    person.expect('disconnect', 'transport')
    expect(person.expect('connect') != first_id, 'the client has its old id: the app was not killed')
    person.expect('answer', 'hello world')
    expect(_process_id(machine) != before, 'the same process is there')
    person.leave()


def check_it_fits_into_the_boards_memory(machine):
    _, output = machine.console.run(f'grep VmRSS /proc/{_process_id(machine)}/status; free | sed -n 2p')
    print('memory: ' + ' '.join(output.split()), flush=True)
    _, killed = machine.console.run('dmesg | grep -c "Out of memory"')
    expect(killed.split() == ['0'], 'the kernel has ended processes for want of memory')


CHECKS = (
    check_app_is_put_on_the_board_byte_for_byte,
    check_init_starts_it_and_it_serves_its_page,
    check_two_people_talk,
    check_it_comes_back_when_it_is_killed,
    check_it_fits_into_the_boards_memory,
)
"""In this order: each stands on the one before."""


def run(machine):
    """Runs the checks on `machine`; (passed, failed)."""
    return checks.run('chat', CHECKS, machine, 'tail -n 40 /run/app.log')


def _process_id(machine):
    _, output = machine.console.run('pidof python3.11 || pidof python3')
    return output.split()[0]
