"""Commands on mails that came back, and on addresses that are not mailed any more."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli.root import AsJson, app, complain, counted, example, load_app
from digest.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from digest.app import App


@app.command(epilog=example("digest bounces --maildir /home/bounces/Maildir"))
def bounces(
    context: typer.Context,
    maildir: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Read the unread mails of this maildir."),
    ] = None,
    mbox: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Read this mbox, which stays as it is.")
    ] = None,
    stdin: Annotated[
        bool,
        typer.Option("--stdin", help="Read one mail from standard input, piped by a mail server."),
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Read mails that came back; stop mailing dead addresses.

    Mails that ask to be unsubscribed are honoured. Without an option, the maildir or IMAP
    mailbox of the settings ([bounces]) is read.
    """
    from digest.pipeline.returns import take_returns

    parts = load_app(context)
    if sum((maildir is not None, mbox is not None, stdin)) > 1:
        raise UsageError("choose one of --maildir, --mbox and --stdin")
    if parts.tokens is None:
        raise ConfigError("return paths are not signed yet: there is no `secret`; see digest init")
    report = take_returns(
        parts.store,
        parts.tokens,
        _mails(parts, maildir, mbox, stdin=stdin),
        parts.soft_limit,
        parts.clock(),
    )
    done = {"suppressed": report.suppressed, "unsubscribed": report.unsubscribed}
    if as_json:
        typer.echo(json.dumps({"mails": report.total, **report.counts, **done}))
    else:
        told = ", ".join(f"{count} {kind}" for kind, count in sorted(report.counts.items()))
        typer.echo(
            f"{counted(report.total, 'mail')} read{': ' if told else ''}{told};"
            f" {report.suppressed} suppressed, {report.unsubscribed} unsubscribed"
        )
    complain([f"a server refuses our mail as such: {said}" for said in report.about_us])
    return 3 if report.about_us else 0


@app.command(epilog=example("digest suppress ada@example.org --reason 'asked by phone'"))
def suppress(
    context: typer.Context,
    address: Annotated[
        str | None, typer.Argument(metavar="ADDRESS", help="The mail address.")
    ] = None,
    reason: Annotated[str, typer.Option(help="Why.")] = "the operator said so",
    list_: Annotated[bool, typer.Option("--list", help="List suppressed addresses.")] = False,
    remove: Annotated[bool, typer.Option("--remove", help="Allow mail to it again.")] = False,
    as_json: AsJson = False,
) -> int:
    """Never mail an address again, or allow it again; list them."""
    parts = load_app(context)
    if list_ == (address is not None) or (list_ and remove):
        raise UsageError("give an address, or --list; --remove goes with an address")
    if address is None:
        for key, why, at in parts.store.people.list_suppressions():
            if as_json:
                told = {"address": key, "reason": why, "suppressed_at": at.isoformat()}
                typer.echo(json.dumps(told, ensure_ascii=False))
            else:
                typer.echo(f"{key:<36} {at:%Y-%m-%d}  {why}")
    elif remove:
        parts.subscriptions.unsuppress(address)
        typer.echo(f"{address} may be mailed again")
    else:
        new = parts.subscriptions.suppress(address, reason, parts.clock())
        typer.echo(f"{address} {'is not mailed any more' if new else 'was suppressed already'}")
    return 0


def _mails(
    parts: "App", maildir: Path | None, mbox: Path | None, *, stdin: bool
) -> "Iterator[bytes]":
    from digest.delivery.inbox import from_imap, from_maildir, from_mbox, from_pipe

    if stdin:
        return from_pipe(sys.stdin.buffer)
    if mbox is not None:
        return from_mbox(mbox)
    if (folder := maildir or parts.settings.bounces.maildir) is not None:
        return from_maildir(folder)
    if (imap := parts.imap_options) is not None:
        return from_imap(imap)
    raise UsageError(
        "nothing to read: give --maildir, --mbox or --stdin, or set [bounces] in the settings"
    )
