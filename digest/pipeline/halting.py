"""Halting: asks everything that delivers to end soon, in good order."""

import asyncio
import contextlib
from collections.abc import Iterator

from digest.delivery import Session

# A mail on its way gets so many seconds to end after a halt was asked for. An operator, and
# systemd, expect a program that was sent SIGTERM to be gone within ten.
HURRY_SECONDS = 6.0


class Halt:
    """Whether to stop; open sessions are told when it comes."""

    def __init__(self) -> None:
        self._asked = asyncio.Event()
        self._sessions: list[Session] = []

    def ask(self) -> None:
        """Start nothing more; give what is on its way some seconds."""
        self._asked.set()
        for session in self._sessions:
            session.hurry(HURRY_SECONDS)

    @property
    def asked(self) -> bool:
        """Whether to stop; may be read from any thread."""
        return self._asked.is_set()

    async def wait(self) -> None:
        """Wait until a halt is asked for."""
        await self._asked.wait()

    async def sleep(self, seconds: float) -> None:
        """Sleep, but not longer than until a halt is asked for."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._asked.wait(), seconds)

    @contextlib.contextmanager
    def watched(self, session: Session) -> Iterator[None]:
        """Tell a session when a halt is asked for, as long as the context lasts."""
        self._sessions.append(session)
        try:
            yield
        finally:
            self._sessions.remove(session)
