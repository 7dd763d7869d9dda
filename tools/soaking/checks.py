"""What must hold after a round: what was acknowledged arrived, once and in order; nothing is left behind."""

NOTHING_LEFT = ('sessions', 'sockets', 'rooms', 'streams', 'heartbeats', 'arrivals')
"""Of these the server may keep none (the connection that asks is the one stream)."""

SWEEPS = 6
"""Timers that remain for a while when all is quiet: one for each table of deadlines, until its last one is due."""

GROWTH = 1.15
"""How much larger than after an earlier round the process may be: memory that the allocator holds on to varies."""

SLACK = 6_000_000
"""Bytes that it may be larger in any case."""

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


def growth(states):
    """Whether memory grew from round to round (list of str). states: after each round, the first of which warms up."""
    if len(states) < 2:
        return []
    first, last = states[0], states[-1]
    problems = []
    if last['resident'] > first['resident'] * GROWTH + SLACK:
        problems.append(f'memory: {first["resident"]} bytes after the first round, {last["resident"]} after the last')
    # Unlike the process's size, these are exact: all that Python has allocated, bytes and text included.
    for name in ('objects', 'blocks'):
        if last[name] > first[name] * 1.05 + 1000:
            problems.append(f'{first[name]} {name} after the first round, {last[name]} after the last')
    return problems
