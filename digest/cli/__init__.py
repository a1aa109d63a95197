"""The command line: doors without logic. Each command calls a corridor and prints.

Exit codes: 0 done; 1 failed; 2 wrong use or configuration; 3 done, but something was skipped,
which is named on standard error. Heavy modules are imported inside the commands, so that
``digest --help`` answers at once.
"""

import sys  # noqa: I001 - the order of the commands is that of --help
from collections.abc import Sequence

import typer

# Each module adds its commands to `app` when it is imported; the order is that of --help.
from digest.cli import (  # noqa: F401
    demo,
    operating,
    feeds,
    papers,
    people,
    roster,
    profiles,
    editions,
    cluster,
    ledger,
    returns,
    one_paper,
    replay,
    measuring,
    evaluation,
    admin,
)
from digest.cli.root import app
from digest.errors import DigestError

INTERRUPTED = 130  # what a shell reports of a program that Ctrl-C ended


def run(arguments: Sequence[str]) -> int:
    """Run one command; return its exit code.

    Errors that a user can cause are one line on standard error, never a traceback.
    """
    try:
        code = app(list(arguments), prog_name="digest", standalone_mode=False)
    except DigestError as error:
        return _fail(str(error), error.exit_code)
    except typer.TyperException as error:
        return _fail(_explain(error), error.exit_code)
    if code == INTERRUPTED:
        return _fail("stopped", INTERRUPTED)
    return code if isinstance(code, int) else 0


def _explain(error: typer.TyperException) -> str:
    """Return what cannot be understood in a command line, and where help is."""
    message = " ".join(error.format_message().split())
    context = getattr(error, "ctx", None)
    return f"{message} (see `{context.command_path if context else 'digest'} --help`)"


def _fail(message: str, code: int) -> int:
    print(f"digest: {message}", file=sys.stderr)  # noqa: T201
    return code
