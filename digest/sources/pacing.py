"""Turns at a host: one request at a time, and a pause between two."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

# arXiv asks for one request in three seconds and one connection, over all of its hosts.
# Source: https://info.arxiv.org/help/api/tou.html
_ARXIV = "arxiv.org"
_ARXIV_SECONDS = 3.0
_SECONDS = 1.0


class Pacing:
    """Gives out turns.

    Args:
        clock: a monotonic clock, in seconds.
        sleep: waits for that many seconds.
    """

    def __init__(
        self, clock: Callable[[], float], sleep: Callable[[float], Awaitable[object]]
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._free_at: dict[str, float] = {}

    @asynccontextmanager
    async def turn(self, host: str) -> AsyncIterator[None]:
        """Wait for a turn at a host and hold it while the context lasts."""
        is_arxiv = host == _ARXIV or host.endswith(f".{_ARXIV}")
        queue = _ARXIV if is_arxiv else host
        async with self._locks[queue]:
            pause = self._free_at.get(queue, 0.0) - self._clock()
            if pause > 0:
                await self._sleep(pause)
            # The pause is counted between the starts of two requests.
            self._free_at[queue] = self._clock() + (_ARXIV_SECONDS if is_arxiv else _SECONDS)
            yield
