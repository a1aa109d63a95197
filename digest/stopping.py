"""Stopping: how a program that was sent SIGTERM ends in good order, within ten seconds."""

import asyncio
import signal
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

T = TypeVar("T")

# Work that was asked to stop gets so long to end; systemd and people expect ten seconds in all.
GRACE_SECONDS = 8.0


@contextmanager
def on_signal(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` when this process is sent SIGTERM or SIGINT, as long as the context lasts."""
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGTERM, signal.SIGINT)
    for number in numbers:
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


async def until_stopped(
    work: Coroutine[Any, Any, T], stop: Callable[[], None], grace: float = GRACE_SECONDS
) -> T:
    """Do some work; when a signal comes, ask it to stop, and cancel it after a grace period.

    Args:
        work: what is to be done.
        stop: asks it to end soon.
        grace: seconds until it is cancelled, then.

    Raises:
        asyncio.CancelledError: it did not end by itself in time.
    """
    asked = asyncio.Event()

    def ask() -> None:
        asked.set()
        stop()

    with on_signal(ask):
        working, waiting = asyncio.ensure_future(work), asyncio.ensure_future(asked.wait())
        try:
            await asyncio.wait({working, waiting}, return_when=asyncio.FIRST_COMPLETED)
            if asked.is_set():
                await asyncio.wait({working}, timeout=grace)
        finally:
            waiting.cancel()
            working.cancel()
            await asyncio.gather(working, waiting, return_exceptions=True)
    return working.result()
