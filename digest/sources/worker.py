"""Parse in a process of its own, under limits: a hostile feed costs only itself.

Parsers have been made to run for minutes, or to fill the memory, by a few hundred kilobytes.
So one long-lived child reads responses one at a time; over a limit it is killed, and the next
response gets a new one. Both ends speak pickle, of our own types only, over pipes: an
eight-byte length, then the pickle.
"""

import asyncio
import contextlib
import math
import os
import pickle
import resource
import signal
import struct
import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

from digest.errors import DigestError, ParseError
from digest.sources.base import Feed, Page, Response

_LENGTH = struct.Struct(">Q")
# So that `python -m` finds this package, installed or not.
_ROOT = Path(__file__).parent.parent.parent
_FAREWELL = 2.0  # seconds


@dataclass(frozen=True, slots=True)
class ParseLimits:
    """What one response may cost.

    The defaults leave room for the largest feed that is fetched (16 MB, about 8 s).

    Attributes:
        cpu_seconds: processor time, whole seconds.
        wall_seconds: time by the clock.
        memory_bytes: address space of the process.
    """

    cpu_seconds: int = 20
    wall_seconds: float = 60.0
    memory_bytes: int = 1024**3


class ParserProcess:
    """The child process, started when it is first needed.

    Use it as an asynchronous context manager; several tasks may share it.
    """

    def __init__(self, limits: ParseLimits | None = None) -> None:
        self._limits = limits or ParseLimits()
        self._lock = asyncio.Lock()
        self._child: asyncio.subprocess.Process | None = None

    async def __aenter__(self) -> "ParserProcess":
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        async with self._lock:
            await self._stop()

    async def parse(self, source_name: str, response: Response, feed: Feed) -> Page:
        """Return what ``SOURCES[source_name].parse(response, feed)`` returns.

        Raises:
            ParseError: the response is not what the source says, parsing it went over a
                limit, or the parser failed on it.
        """
        async with self._lock:
            try:
                async with asyncio.timeout(self._limits.wall_seconds):
                    answer = await self._ask((source_name, response, feed))
            except TimeoutError:
                await self._kill()
                raise self._over(feed, f"{self._limits.wall_seconds:g} s") from None
            except (asyncio.IncompleteReadError, ConnectionError):
                code = await self._see_off()
                raise self._died(feed, code) from None
            except BaseException:
                await self._kill()  # its answer would be taken for the next one's
                raise
            if isinstance(answer, MemoryError):
                await self._kill()
                raise self._over(feed, f"{self._limits.memory_bytes // 2**20} MB of memory")
        if isinstance(answer, DigestError):
            raise answer
        assert isinstance(answer, Page)
        return answer

    async def _ask(self, question: tuple[str, Response, Feed]) -> Any:
        if self._child is None or self._child.returncode is not None:
            self._child = await self._start()
        writer, reader = self._child.stdin, self._child.stdout
        assert writer is not None
        assert reader is not None
        message = pickle.dumps(question, pickle.HIGHEST_PROTOCOL)
        writer.write(_LENGTH.pack(len(message)) + message)
        await writer.drain()
        (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
        return pickle.loads(await reader.readexactly(length))  # noqa: S301 - from our own child

    async def _start(self) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "digest.sources.worker",
            str(self._limits.cpu_seconds),
            str(self._limits.memory_bytes),
            cwd=_ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )

    async def _stop(self) -> None:
        """End the child by closing its input, as it expects it."""
        child = self._child
        if child is None:
            return
        assert child.stdin is not None
        child.stdin.close()
        await self._see_off()

    async def _see_off(self) -> int:
        """Let the child end by itself and return its exit status.

        Killing a process that has just ended takes its status from those who wait for it.
        """
        if self._child is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_FAREWELL):
                    await self._child.wait()
        return await self._kill()

    async def _kill(self) -> int:
        """Make sure that the child has ended; return its exit status."""
        child, self._child = self._child, None
        if child is None:
            return 0
        with contextlib.suppress(ProcessLookupError):
            child.kill()
        # communicate() also closes the pipes, which wait() would leave open.
        await asyncio.shield(child.communicate())
        return child.returncode or 0

    def _over(self, feed: Feed, limit: str) -> ParseError:
        return ParseError(
            f"feed {feed.name!r}: reading it needs more than {limit}; it may be hostile or damaged"
        )

    def _died(self, feed: Feed, code: int) -> ParseError:
        if code == -signal.SIGXCPU:
            return self._over(feed, f"{self._limits.cpu_seconds} s of processor time")
        return ParseError(f"feed {feed.name!r}: the process that reads it ended (status {code})")


# ---------------------------------------------------------------- in the child


def main() -> None:
    """Answer questions from standard input until it is closed."""
    cpu_seconds, memory_bytes = int(sys.argv[1]), int(sys.argv[2])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which closes us
    questions = sys.stdin.buffer
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever is printed must not be taken for an answer
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # macOS does not know this limit.
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    while question := _read(questions):
        _allow(cpu_seconds)
        answer = pickle.dumps(_answer(*pickle.loads(question)))  # noqa: S301 - from our own parent
        answers.write(_LENGTH.pack(len(answer)) + answer)
        answers.flush()


def _read(questions: BinaryIO) -> bytes | None:
    head = questions.read(_LENGTH.size)
    return questions.read(*_LENGTH.unpack(head)) if len(head) == _LENGTH.size else None


def _allow(cpu_seconds: int) -> None:
    """Let the process use that many more seconds of processor time."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    allowed = math.ceil(used.ru_utime + used.ru_stime) + cpu_seconds
    if hard != resource.RLIM_INFINITY:
        allowed = min(allowed, hard)
    resource.setrlimit(resource.RLIMIT_CPU, (allowed, hard))


def _answer(source_name: str, response: Response, feed: Feed) -> Page | Exception:
    """Return the page, or why there is none: a fault of ours must not end everybody's run."""
    from digest.sources import source

    try:
        return source(source_name).parse(response, feed)
    except DigestError as error:
        # The cause may be of a kind that the parent cannot read.
        return type(error)(str(error))
    except MemoryError:
        return MemoryError()
    except Exception as error:
        at = traceback.extract_tb(error.__traceback__)[-1]
        return ParseError(
            f"feed {feed.name!r}: the parser failed on it, which is a fault in digest; please "
            f"report it: {type(error).__name__} in {Path(at.filename).name}, line {at.lineno}"
        )


if __name__ == "__main__":
    main()
