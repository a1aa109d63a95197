"""Reads a library in a process of its own, under limits: a stranger's file costs only itself.

The child gets the file on its standard input and answers with a pickle of our own types, then
ends. Started anew for each file; that takes some tenths of a second, and files are rare.
"""

import asyncio
import contextlib
import pickle
import resource
import sys
from pathlib import Path

from digest.errors import DigestError, LibraryError
from digest.libraries import Library, read

_SECONDS = 10  # of processor time, and twice as much by the clock
_MEMORY = 768 * 2**20
# So that `python -m` finds this package, installed or not.
_ROOT = Path(__file__).parent.parent.parent


async def read_apart(data: bytes, where: str) -> Library:
    """Read a reference library that a stranger sent; see `libraries.read`.

    Args:
        data: the file.
        where: names it in errors.

    Raises:
        LibraryError: it is no library, or costs too much to be read.
    """
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "digest.libraries.apart", where),
        cwd=_ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(2 * _SECONDS):
            answer, _ = await child.communicate(data)
    except TimeoutError:
        answer = b""
    finally:
        if child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await child.wait()
    if not answer:
        raise LibraryError(f"{where} takes too long to read; split it, or export it again")
    told = pickle.loads(answer)  # noqa: S301 - from our own child
    if isinstance(told, DigestError):
        raise told
    assert isinstance(told, Library)
    return told


def main() -> None:
    """Be the child."""
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS + 1))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    answer: Library | DigestError
    try:
        answer = read(sys.stdin.buffer.read(), sys.argv[1])
    except DigestError as error:
        answer = LibraryError(str(error))
    sys.stdout.buffer.write(pickle.dumps(answer))


if __name__ == "__main__":
    main()
