"""What must hold after a round: what was acknowledged arrived, once and in order; nothing is left behind."""

NOTHING_LEFT = ('sessions', 'sockets', 'rooms', 'streams', 'heartbeats', 'arrivals', 'recoverable')
"""Of these the server may keep none (the connection that asks is the one stream)."""

SWEEPS = 6
"""Timers that remain for a while when all is quiet: one for each table of deadlines, until its last one is due."""

GROWTH = {'objects': 500, 'blocks': 1000, 'heap': 400_000, 'trimmed': 4_000_000}
"""By how much the least of the later rounds may be above the least of the earlier ones.

In ten rounds of 60 s, 1000 connections and 500 visits of strangers in each: -96 objects, 13 blocks, 160 KB, 0.7 MB.
The heap is flat from the second round on (25 KB up and down); the first is short of what warms up, 180 KB. The size
without what C's allocator kept still has the arenas of Python's, 1 MB each, which one small object holds; so it is the
coarsest of the four.
"""

UNITS = {
    'objects': 'objects that the collector sees', 'blocks': "blocks of Python's allocator",
    'heap': "bytes in use of C's heap", 'trimmed': "bytes of the process, without what C's allocator kept",
}

REASONS = {
    'transport close', 'transport error', 'ping timeout', 'client namespace disconnect', 'server namespace disconnect',
}
"""Why a client may be told to have gone (of those that play here)."""


def client_problems(report, record):
    """What is wrong with one client's round: its own report against the server's record (list of str)."""
    name = report['name']
    problems = [f'{name}: {fault}' for fault in report['faults']]
    arrived = [number for _, number in record['up']]
    problems += _once(f'{name}: up', arrived)
    problems += _missing(f'{name}: up acknowledged to the client', report['acked'], arrived)
    problems += _in_order(name, record['up'])
    unknown = set(record['reasons']) - REASONS
    problems += [f'{name}: disconnected with the reason {reason!r}' for reason in sorted(unknown)]
    if not report.get('killed'):
        problems += _once(f'{name}: down', report['down'])
        problems += _missing(f'{name}: down acknowledged to the server', record['down_acked'], report['down'])
    return problems


def _once(what, numbers):
    twice = sorted({n for n in numbers if numbers.count(n) > 1}) if len(set(numbers)) < len(numbers) else []
    return [f'{what} {n} arrived more than once' for n in twice[:5]]


def _missing(what, acknowledged, arrived):
    lost = sorted(set(acknowledged) - set(arrived))
    return [f'{what}, but did not arrive: {lost[:5]}'] if lost else []


def _in_order(name, pairs):
    last, problems = {}, []
    for connection, number in pairs:
        if number <= last.get(connection, 0):
            problems.append(f'{name}: up {number} after {last[connection]} on one connection')
        last[connection] = number
    return problems[:5]


def leftovers(state, before):
    """What the server keeps that it should not (list of str). before: its state before the first round."""
    problems = []
    for name in NOTHING_LEFT:
        allowed = before[name]
        if state[name] > allowed:
            problems.append(f'{state[name]} {name} are left, {allowed} were there at the beginning')
    for name in ('descriptors', 'timers', 'namespaces', 'admitted'):
        if state[name] > before[name] + (SWEEPS if name == 'timers' else 0):
            problems.append(f'{state[name]} {name}, {before[name]} at the beginning')
    return problems


def floors(states):
    """{name: (earlier, later)}: the least of each figure of memory in the first half of the rounds, and in the rest.

    What leaks lifts the floor; what just happens to be there when it is measured does not. Figures that this system
    cannot give are left out.
    """
    half = len(states) // 2
    return {
        name: (min(state[name] for state in states[:half]), min(state[name] for state in states[half:]))
        for name in GROWTH if half and states[0][name] is not None
    }  # fmt: skip


def growth(states):
    """Whether memory grew from round to round (list of str). states: what memory.measure gave after each of them."""
    return [
        f'memory: {earlier} {UNITS[name]} in the first half of the rounds, {later} in the second'
        for name, (earlier, later) in floors(states).items() if later > earlier + GROWTH[name]
    ]  # fmt: skip
