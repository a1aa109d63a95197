"""Commands for the operator's pages."""

import sys
from typing import Annotated

import typer

from digest.cli.root import app, complain, example, want_command
from digest.errors import UsageError

admin = typer.Typer(
    invoke_without_command=True,
    callback=want_command,
    help="Make a password for the operator's pages.",
)
app.add_typer(admin, name="admin", epilog=example("digest admin password"))


@admin.command(epilog=example("digest admin password"))
def password(
    piped: Annotated[
        bool, typer.Option("--stdin", help="Read it from standard input, one line.")
    ] = False,
) -> int:
    """Ask for a password; print what the settings keep of it.

    The line holds a hash, from which the password cannot be read. Another password ends all
    sessions; without the line there are no such pages.
    """
    from digest.passwords import hashed

    line = f'admin_password_hash = "{hashed(_piped() if piped else _asked())}"'
    typer.echo(line)
    complain(
        [
            "put this line into the section [web] of the settings, or the hash into"
            " DIGEST_WEB__ADMIN_PASSWORD_HASH; then start `digest serve` anew"
        ]
    )
    return 0


def _piped() -> str:
    return sys.stdin.readline().rstrip("\r\n")


def _asked() -> str:
    """Ask twice at the terminal, where nothing of it is seen.

    Raises:
        UsageError: there is no terminal, or the two differ.
    """
    from getpass import getpass

    if not sys.stdin.isatty():
        raise UsageError("there is no terminal to ask at; --stdin reads the password")
    first = getpass("Password: ", sys.stderr)
    if getpass("Once more: ", sys.stderr) != first:
        raise UsageError("the two passwords differ; nothing was made")
    return first
