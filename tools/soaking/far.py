"""A network of its own for some clients (`ip netns`), whose cable is pulled and put in again. Needs root."""

import asyncio
import os
import random
import subprocess

NAME = f'edgeio-{os.getpid()}'
NEAR, FAR = f'en{os.getpid()}', f'ef{os.getpid()}'


class Far:
    """prefix: the words in front of a command that shall run there; cuts: how often the cable was pulled."""

    prefix = ('ip', 'netns', 'exec', NAME)
    address = '10.213.77.1'

    def __init__(self, port):
        self.url = f'http://{self.address}:{port}'
        self.cuts = 0

    @classmethod
    def lay(cls):
        """Makes the network; False where that is not allowed here."""
        steps = (
            f'netns add {NAME}',
            f'link add {NEAR} type veth peer name {FAR} netns {NAME}',
            f'addr add {cls.address}/30 dev {NEAR}',
            f'link set {NEAR} up',
            f'-n {NAME} addr add 10.213.77.2/30 dev {FAR}',
            f'-n {NAME} link set {FAR} up',
        )
        if os.geteuid() != 0 or not all(_ip(step) for step in steps):
            cls.take_up()
            return False
        return True

    @staticmethod
    def take_up():
        """Removes the network."""
        _ip(f'link del {NEAR}')
        _ip(f'netns del {NAME}')

    async def trouble(self):
        """Pulls the cable, now and then: for a moment, or for longer than either side waits."""
        while True:
            await asyncio.sleep(random.uniform(1, 4))
            _ip(f'link set {NEAR} down')
            self.cuts += 1
            await asyncio.sleep(random.choice((0.1, 0.5, 1, 4)))
            self.mend()

    def mend(self):
        """Puts the cable in again."""
        _ip(f'link set {NEAR} up')


def _ip(words):
    try:
        return subprocess.run(['ip', *words.split()], capture_output=True).returncode == 0
    except OSError:
        return False
