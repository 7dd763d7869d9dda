"""The parts of tools/deploy.py: ports, keys, the session with a board, pushing, the console."""
