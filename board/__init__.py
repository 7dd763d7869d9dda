"""What goes on a board: the agent that takes apps over a serial line and keeps one running, apps, service files.

`link` (with `framing` and `window`) is the line between board and desktop; `tools/deploy.py` is its other end.
"""
