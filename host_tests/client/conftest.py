"""A page with our client, and the official server behind it."""

import json

import pytest

from host_tests.client.test_node import HERE
from host_tests.processes import App, node_environment


@pytest.fixture
def start_server():
    """`start_server(port=0, blockWebsocket=False, options={})` starts the official server with a page: an App."""
    servers = []

    def start(**values):
        servers.append(App(['node', HERE / 'page_server.js', json.dumps(values)], env=node_environment()))
        return servers[-1]

    yield start
    for server in servers:
        server.check()
        server.stop()
