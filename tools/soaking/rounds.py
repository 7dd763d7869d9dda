"""One round of the endurance test: clients, strangers and faults for some seconds; then quiet, and the checks."""

import asyncio
import json
import os
import signal
import sys
import time
import urllib.request

from . import checks, strangers
from .proxy import Proxy

TRANSPORTS = (['polling'], ['websocket'], ['polling', 'websocket'])
MODULES = ('socket.io-client-4', 'socket.io-client-2')
QUIET = 25
"""Seconds in which the server must have forgotten everybody, once they are gone."""


class Round:
    """server: a Server; seconds: how long the clients are there; far: a Far network, or None."""

    def __init__(self, server, seconds, number, far=None):
        self.server = server
        self.seconds = seconds
        self.number = number
        self.far = far
        self.visits = {}
        self.reports = []
        self.log = []
        self._victims = []

    async def run(self):
        """Plays the round; a list of problems."""
        self.server.ask('/resume')
        self._proxy = Proxy(('127.0.0.1', self.server.port), self.number)
        await self._proxy.start()
        end = asyncio.Event()
        visiting = asyncio.create_task(strangers.visit_for(self.server.port, end, self.visits))
        nodes = [await self._start_node(self._plan()), *[await self._start_node([self._victim(i)]) for i in range(3)]]
        if self.far:
            nodes.append(await self._start_node(self._far_plan(), self.far.prefix))
        cutting = asyncio.create_task(self.far.trouble()) if self.far else None
        await self._wait(nodes)
        end.set()
        if cutting:
            cutting.cancel()
            await asyncio.gather(cutting, return_exceptions=True)
            self.far.mend()
        await visiting
        await self._collect(nodes)
        await self._proxy.stop()
        return await self._check()

    @property
    def faults(self):
        """What the proxy did: {kind: how often}."""
        return self._proxy.faults

    # -- clients -------------------------------------------------------------------------------------------------

    def _plan(self):
        ways = [('direct', self.server.url), ('proxy', f'http://127.0.0.1:{self._proxy.port}')]
        if self.server.tls_url:
            ways.append(('tls', self.server.tls_url))
        return [
            self._client(f'{way}-{module[-1]}-{"+".join(transports)}', module, url, transports)
            for way, url in ways for module in MODULES for transports in TRANSPORTS
        ]

    def _far_plan(self):
        return [
            self._client(f'far-{module[-1]}-{"+".join(transports)}', module, self.far.url, transports)
            for module in MODULES for transports in TRANSPORTS
        ]

    def _client(self, name, module, url, transports, **more):
        # Every other client ends its own connections, too.
        bounce = 23 if transports != ['polling'] else 41
        return {'name': f'{self.number}-{name}', 'module': module, 'url': url, 'transports': transports,
                'ca': self.server.ca if url.startswith('https') else None, 'bounce': bounce, **more}

    def _victim(self, index):
        return self._client(f'victim{index}', MODULES[0], self.server.url, TRANSPORTS[index], victim=True, bounce=0)

    async def _start_node(self, plan, prefix=()):
        script = os.path.join(os.path.dirname(__file__), 'clients.js')
        process = await asyncio.create_subprocess_exec(
            *prefix, 'node', script, json.dumps(plan), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            limit=1 << 26, env={**os.environ, 'NODE_PATH': str(self.server.node_modules)},
        )
        process.reading = asyncio.create_task(self._read(process, {given['name'] for given in plan}))
        return process

    async def _read(self, process, names):
        acked = {}
        async for line in process.stdout:
            text = line.decode().strip()
            if text.startswith('acked '):
                _, name, number = text.split()
                acked.setdefault(name, []).append(int(number))
            elif text.startswith('{'):
                report = json.loads(text)
                names.discard(report['name'])
                self.reports.append(report)
        for name in names:  # killed: what it had been told is known all the same
            if 'victim' not in name:
                self.log.append(f'{name}: its process ended by itself')
            self.reports.append({'name': name, 'acked': acked.get(name, []), 'down': [], 'faults': [], 'killed': True,
                                 'connects': 0, 'recoveries': 0})

    async def _wait(self, nodes):
        began, killed = time.monotonic(), 0
        while (spent := time.monotonic() - began) < self.seconds:
            await asyncio.sleep(0.25)
            self._show(spent)
            if killed < 3 and spent > self.seconds * (killed + 1) / 5:
                killed += 1
                nodes[killed].send_signal(signal.SIGKILL)  # one of the victims, in the middle of a message

    async def _collect(self, nodes):
        self.server.ask('/pause')
        for node in nodes:
            if node.returncode is None:
                node.stdin.write(b'stop\n')
        done, late = await asyncio.wait([node.reading for node in nodes], timeout=30)
        for node in nodes:
            if node.returncode is None and late:
                node.kill()
            await node.wait()
        self.log += ['a process of clients did not end'] * len(late)

    def _show(self, spent):
        if sys.stderr.isatty() or int(spent * 4) % 20 == 0:
            state = self.server.ask('/state')
            left = self.seconds - spent
            print(f'\rround {self.number}: {left:4.0f} s left, {state["sessions"]:4} sessions, '
                  f'{state["resident"] >> 20} MB, {sum(self.visits.values())} visits, '
                  f'{sum(self.faults.values())} faults   ', end='' if sys.stderr.isatty() else '\n', file=sys.stderr)

    # -- checks --------------------------------------------------------------------------------------------------

    async def _check(self):
        problems = list(self.log)
        records = self.server.ask('/record')
        empty = {'up': [], 'down_acked': [], 'down': 0, 'reasons': []}
        for report in self.reports:
            problems += checks.client_problems(report, records.get(report['name'], empty))
            if not report.get('killed') and not report['acked']:
                problems.append(f'{report["name"]}: nothing was ever acknowledged')
        self.messages = sum(len(r['acked']) + len(r['down']) for r in self.reports)
        self.connects = sum(r['connects'] for r in self.reports)
        self.recoveries = sum(r['recoveries'] for r in self.reports)
        self.state = self.server.ask('/state')
        end = time.monotonic() + QUIET
        while (left := checks.leftovers(self.state, self.server.before)) and time.monotonic() < end:
            await asyncio.sleep(0.5)
            self.state = self.server.ask('/state')
        self.memory = self.server.ask('/memory')
        if self.server.process.returncode is not None:
            problems.append(f'the server ended with {self.server.process.returncode}')
        return problems + left


class Server:
    """The server's process. before: its state before anybody came."""

    def __init__(self, process, ports, node_modules, certificates, log):
        self.process = process
        self.port, tls_port = ports['port'], ports['tls']
        self.url = f'http://127.0.0.1:{self.port}'
        self.tls_url = f'https://127.0.0.1:{tls_port}' if tls_port else None
        self.ca = certificates and certificates['ca']
        self.node_modules = node_modules
        self.log = log
        self.before = self.ask('/state')

    def ask(self, path):
        """What it says about itself."""
        with urllib.request.urlopen(self.url + path, timeout=10) as answer:
            return json.load(answer)
