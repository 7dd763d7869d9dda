"""The build's own os, and a stand-in for what it lacks."""

from uos import *  # noqa: F403


def getenv(name):
    return None


def urandom(n):
    return bytes(n)
