"""The command line: doors without logic. Each command calls a corridor and prints.

Exit codes: 0 done; 1 failed; 2 wrong use or configuration; 3 done, but something was skipped,
which is named on standard error. Heavy modules are imported inside the commands, so that
``digest --help`` answers at once.
"""

import os
import sys
from collections.abc import Sequence

import typer

from digest.cli.root import app
from digest.errors import DigestError


def run(arguments: Sequence[str]) -> int:
    """Run one command; return its exit code.

    Errors that a user can cause are one line on standard error, never a traceback.
    """
    try:
        code = app(list(arguments), prog_name="digest", standalone_mode=False)
    except DigestError as error:
        return _fail(str(error), error.exit_code)
    except typer.TyperException as error:
        return _show(error)
    except (KeyboardInterrupt, typer.Abort):
        return _fail("stopped", 130)
    except BrokenPipeError:
        # Whoever read our output has gone, as `head` does; there is nobody to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return code if isinstance(code, int) else 0


def _show(error: typer.TyperException) -> int:
    """Tell of a command line that cannot be understood; without a command, show the help."""
    message = error.format_message()
    if not message or message.lstrip().startswith("Usage:"):
        print(message, file=sys.stderr)  # noqa: T201
        return error.exit_code
    context = getattr(error, "ctx", None)
    where = f" (see `{context.command_path} --help`)" if context else ""
    return _fail(message + where, error.exit_code)


def _fail(message: str, code: int) -> int:
    print(f"digest: {message}", file=sys.stderr)  # noqa: T201
    return code
