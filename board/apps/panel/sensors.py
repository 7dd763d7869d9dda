"""What the board measures: its load, its memory, and the temperature sensors that Linux knows."""

import os

ZONES = '/sys/class/thermal'


def read():
    """[[name, value, unit], ...] as it is now."""
    found = [['load', float(_first('/proc/loadavg').split()[0]), '']]
    memory = _memory()
    found.append(['memory free', memory['MemAvailable'] / 1024, 'MiB'])
    found.append(['up for', float(_first('/proc/uptime').split()[0]), 's'])
    for zone in _zones():
        found.append([zone, int(_first(ZONES + '/' + zone + '/temp')) / 1000, '°C'])
    return found


def _zones():
    try:
        return sorted([name for name in os.listdir(ZONES) if name.startswith('thermal_zone')])
    except OSError:
        return []


def _memory():
    with open('/proc/meminfo') as file:
        return {line.split(':')[0]: int(line.split()[1]) for line in file}


def _first(path):
    with open(path) as file:
        return file.readline()
