"""The clock in a process of its own, so that a run of thousands of editions never slows a page.

::

    digest serve ── the pages, and letters about subscriptions
        └── the clock: collects, makes editions and sends them; at a lower priority

Composing and rendering keep a processor busy, and in one process the pages would wait for it.
The child is told the settings over its standard input, as a pickle with its length in front, and
answers once: that it has begun, or why it cannot. Its input stays open; when it is closed, the
parent is gone, and the child ends as if it had been asked to. A child that dies is started again:
what it had in hand is in the ledger (docs/architecture.md, "Delivery").
"""

import asyncio
import contextlib
import os
import pickle
import signal
import struct
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import structlog

from digest.app import App
from digest.config import Settings
from digest.errors import DigestError
from digest.logs import configure_logging
from digest.stopping import GRACE_SECONDS, on_signal

# What runs in this process, until the event that it is given is set.
Pages = Callable[[asyncio.Event], Awaitable[None]]

_LENGTH = struct.Struct(">Q")
# So that `python -m` finds this package, installed or not.
_ROOT = Path(__file__).parent.parent
_NICER = 5  # of 19: of a processor that both want, the pages get three quarters
# A child that was asked to end has its own grace period, and a little more to say goodbye.
_FAREWELL = GRACE_SECONDS + 1.2
_PAUSES = (1.0, 60.0)  # seconds before a child is started again: at first, and at most
_SOUND = 600.0  # a child that lived for so many seconds was all right

log = structlog.get_logger()


async def serve_apart(app: App, pages: Pages) -> None:
    """Serve pages here, and collect and publish beside, until SIGTERM or SIGINT.

    Args:
        app: the parts of this installation.
        pages: serves them; when that fails, mails still go out.

    Raises:
        DigestError: the clock cannot begin.
    """
    stopping = asyncio.Event()
    with on_signal(stopping.set):
        app.store  # noqa: B018 - what is wrong with the database is told by whom it belongs to
        app.tokens  # noqa: B018 - the secret is made once, and not by two processes
        shown = asyncio.create_task(_guarded(pages, stopping))
        try:
            await Clock(app.settings).keep(stopping)
        finally:
            stopping.set()
            await shown


async def _guarded(pages: Pages, stopping: asyncio.Event) -> None:
    try:
        await pages(stopping)
    except DigestError as error:
        log.warning("no pages", error=str(error))
    except Exception:
        log.exception("pages failed unexpectedly")


class Clock:
    """The child process, kept alive.

    Args:
        settings: of the installation.
        pause: seconds before a child that died is started again; doubled while they die early.
        farewell: seconds that a child has to end, once it was asked to.

    Attributes:
        is_running: a child has begun, and did not end yet.
    """

    def __init__(
        self, settings: Settings, *, pause: float = _PAUSES[0], farewell: float = _FAREWELL
    ) -> None:
        self._settings = settings
        self._pause = pause
        self._farewell = farewell
        self._child: asyncio.subprocess.Process | None = None
        self.is_running = False

    @property
    def number(self) -> int:
        """The number of the child process; 0: there is none."""
        return self._child.pid if self._child else 0

    async def keep(self, stopping: asyncio.Event) -> None:
        """Run the clock until `stopping` is set.

        Raises:
            DigestError: it cannot begin; the first time, that is told to whoever started us.
        """
        loop, pause = asyncio.get_running_loop(), self._pause
        asked = asyncio.create_task(stopping.wait())
        try:
            begun = loop.time()
            await self._start(asked)
            while not await self._ended(asked):
                pause = self._pause if loop.time() - begun > _SOUND else pause
                await asyncio.wait({asked}, timeout=pause)
                pause, begun = min(2 * pause, _PAUSES[1]), loop.time()
                try:
                    await self._start(asked)
                except DigestError as error:
                    log.warning("the clock cannot begin", error=str(error))
        finally:
            asked.cancel()
            await self._end()

    async def _start(self, asked: asyncio.Task[bool]) -> None:
        """Start a child and wait until it has begun, or until an end is asked for."""
        if asked.done():
            return
        child = self._child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "digest.background",
            cwd=_ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            # Ctrl-C is for the parent, which tells the child. Not a session of its own: Linux gives
            # each of these the same share of the processors, whatever the priority (sched(7)).
            process_group=0,
        )
        with contextlib.suppress(ProcessLookupError):
            os.setpriority(os.PRIO_PROCESS, child.pid, os.getpriority(os.PRIO_PROCESS, 0) + _NICER)
        answering = asyncio.create_task(self._answer(child))
        await asyncio.wait({answering, asked}, return_when=asyncio.FIRST_COMPLETED)
        if not answering.done():
            answering.cancel()
        elif error := answering.result():
            raise error
        else:
            self.is_running = True

    async def _answer(self, child: asyncio.subprocess.Process) -> DigestError | None:
        """Tell a child what to do; return why it cannot, if so."""
        assert child.stdin is not None
        assert child.stdout is not None
        told = pickle.dumps(self._settings, pickle.HIGHEST_PROTOCOL)
        try:
            child.stdin.write(_LENGTH.pack(len(told)) + told)
            await child.stdin.drain()
            (length,) = _LENGTH.unpack(await child.stdout.readexactly(_LENGTH.size))
            answer = pickle.loads(await child.stdout.readexactly(length))  # noqa: S301 - our child
        except (asyncio.IncompleteReadError, ConnectionError):
            return DigestError("the process that collects and publishes died while it began")
        return answer if isinstance(answer, DigestError) else None

    async def _ended(self, asked: asyncio.Task[bool]) -> bool:
        """Wait until the child ends by itself, or an end is asked for; tell whether it is that."""
        child = self._child
        assert child is not None
        ending = asyncio.create_task(child.wait())
        await asyncio.wait({ending, asked}, return_when=asyncio.FIRST_COMPLETED)
        if asked.done():
            ending.cancel()
            return True
        if self.is_running:
            log.error("the process that collects and publishes died", status=child.returncode)
        self.is_running = False
        return False

    async def _end(self) -> None:
        """Ask the child to end in good order, and make sure that it does."""
        child, self._child, self.is_running = self._child, None, False
        if child is None:
            return
        with contextlib.suppress(ProcessLookupError):
            child.terminate()
        # communicate() also closes the pipes, which wait() would leave open.
        leaving = asyncio.ensure_future(child.communicate())
        await asyncio.wait({leaving}, timeout=self._farewell)
        if not leaving.done():
            log.error("the process that collects and publishes does not end, and is killed")
            with contextlib.suppress(ProcessLookupError):
                child.kill()
        await leaving


# ---------------------------------------------------------------- in the child


def main() -> None:
    """Collect and publish until asked to stop, or until the parent is gone."""
    from digest.scheduling import serve

    (length,) = _LENGTH.unpack(sys.stdin.buffer.read(_LENGTH.size))
    settings: Settings = pickle.loads(sys.stdin.buffer.read(length))  # noqa: S301 - our parent
    answers = os.dup(1)
    os.dup2(2, 1)  # whatever is printed must not be taken for an answer
    configure_logging(settings.log)
    app = App(settings)

    def answer(error: DigestError | None = None) -> None:
        # The cause may be of a kind that the parent cannot read.
        told = pickle.dumps(error and type(error)(str(error)))
        os.write(answers, _LENGTH.pack(len(told)) + told)

    async def serving() -> None:
        asyncio.get_running_loop().add_reader(0, _orphaned)
        await serve(app, begun=answer)

    try:
        asyncio.run(serving())
    except DigestError as error:
        answer(error)
        sys.exit(error.exit_code)
    finally:
        app.close()


def _orphaned() -> None:
    """End as if asked to: our input is closed, so nobody is there to start us again."""
    asyncio.get_running_loop().remove_reader(0)
    log.warning("the process that serves pages is gone")
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
