"""Handlers that take their time: generators and coroutines, run as tasks."""


def watch_over(work, on_error):
    """A coroutine or generator that runs `work` (either), and gives an exception from it to `on_error(exc)`."""
    return _watch_coroutine(work, on_error) if hasattr(work, '__await__') else _watch_generator(work, on_error)


async def _watch_coroutine(work, on_error):
    try:
        return await work
    except Exception as exc:
        on_error(exc)


def _watch_generator(work, on_error):
    try:
        return (yield from work)
    except Exception as exc:
        on_error(exc)
