"""The heap that MicroPython needs: the smallest one in which the chat app listens, and in which it serves."""

from .clients import chat, run
from .server import ROOT, Server

STEP_KB = 4
LEAST_KB, MOST_KB = 64, 4096


APP = ROOT + '/board/apps/chat'


def smallest(micropython, path, serves):
    """KB of the smallest heap in which the chat app listens, and with `serves` is also used by two clients.

    micropython: the command (list); path: the folder that the library is in, as source or compiled.
    """
    low, high = LEAST_KB, MOST_KB  # it is known to fail at the first and to work at the second
    if not _works(micropython, path, high, serves):
        return None
    while high - low > STEP_KB:
        middle = (low + high) // 2
        if _works(micropython, path, middle, serves):
            high = middle
        else:
            low = middle
    return high


def _works(micropython, path, size_kb, serves):
    command = [*micropython, '-X', f'heapsize={size_kb}K', '-m', 'edgeio', 'run', APP, '--port', '0']
    # The current folder comes first on the path: it must not be one that has the other form of the library.
    with Server(command, {'MICROPYPATH': f'{path}:.frozen'}, path) as server:
        if server.port is None or not serves:
            return server.port is not None
        try:
            run(chat(server.port), 10)
        except (AssertionError, OSError, TimeoutError, ValueError):
            return False
        return server.process.poll() is None
