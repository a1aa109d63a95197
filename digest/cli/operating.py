"""Commands for who runs Digest: init, status, doctor."""

import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from digest.cli.root import AsJson, app, complain, counted, example, load_app, run_async
from digest.errors import UsageError

if TYPE_CHECKING:
    from digest.pipeline.standing import Standing


@app.command(epilog=example("digest init"))
def init(
    folder: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Where the folder `config` is made.")
    ] = Path(),
) -> int:
    """Write settings, feeds and a profile; keep what is there."""
    from digest import resources
    from digest.app import App
    from digest.config import load
    from digest.tokens import make_secret

    source, target = resources.folder("config"), folder / "config"
    try:
        target.mkdir(parents=True, exist_ok=True)
        for name, template in (
            ("digest.toml", "digest.example.toml"),
            ("sources.toml", "sources.toml"),
            ("profile.toml", "profile.example.toml"),
        ):
            _write_once(source / template, target / name)
        settings = load(target / "digest.toml", {})
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        make_secret(settings.secret_file)
    except OSError as error:
        raise UsageError(f"cannot write to {error.filename or target}: {error.strerror}") from error
    App(settings).store.close()
    typer.echo(f"state is kept in {settings.data_dir}")
    typer.echo(
        "Next: set `sender` and [smtp] in config/digest.toml, your interests in"
        " config/profile.toml, then\n"
        "  digest doctor\n"
        "  digest collect\n"
        "  digest preview --profile config/profile.toml\n"
        "  digest subscriber add you@example.org --profile config/profile.toml\n"
        "  digest serve"
    )
    return 0


@app.command(epilog=example("digest status --json"))
def status(
    context: typer.Context,
    as_json: AsJson = False,
    prometheus: Annotated[
        bool, typer.Option("--prometheus", help="Print metrics in Prometheus' text format.")
    ] = False,
) -> int:
    """Tell how feeds, papers, subscribers and deliveries stand."""
    found = load_app(context).standing()
    if prometheus:
        from digest.metrics import exposition

        typer.echo(exposition(found).decode(), nl=False)
        return 0
    facts = _facts(found)
    if as_json:
        typer.echo(json.dumps(facts, ensure_ascii=False))
        return 0
    for feed in facts["feeds"]:
        told = feed["problem"] or counted(feed["entry_count"], "entry", "entries")
        seen = (feed["succeeded_at"] or "never")[:16].replace("T", " ")
        typer.echo(f"feed {feed['feed']:<28} last read {seen:<16}  {feed['condition']}: {told}")
        if feed["moved"]:
            typer.echo(f"feed {feed['feed']:<28} {feed['moved']}")
    for what in ("papers", "subscribers", "deliveries"):
        counts = ", ".join(f"{count} {name}" for name, count in facts[what].items())
        typer.echo(f"{what}: {counts or 'none'}")
    for held in facts["unknown"]:
        typer.echo(f"outcome unknown: {held}")
    for channel, problem in facts["channels"].items():
        typer.echo(f"channel {channel}: {problem}")
    return 0


@app.command(epilog=example("digest backup /var/backups/digest.db"))
def backup(
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Where the copy goes; it is replaced.")
    ],
) -> int:
    """Copy the database into a file, while everything goes on."""
    load_app(context).store.back_up(file)
    typer.echo(f"backed up to {file}; keep the file `secret` of the data folder with it")
    return 0


@app.command(epilog=example("digest restore /var/backups/digest.db"))
def restore(
    context: typer.Context,
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FILE]",
            help="What `digest backup` made. Without one, the database is in its place already,"
            " as after pg_restore.",
        ),
    ] = None,
) -> int:
    """Go on with a backup, and send nothing twice."""
    done = load_app(context).restore(file)
    if done.moved:
        typer.echo(f"the database that was there is now {done.moved}")
    if done.left is None:
        complain(["who left since the backup cannot be read there: those get mail again"])
    elif done.left:
        typer.echo(f"{counted(done.left, 'subscriber')} who left since the backup stay gone")
    typer.echo(
        f"{counted(done.expired, 'delivery', 'deliveries')} that waited ended, the outcome of"
        f" {done.unknown} is unknown"
    )
    typer.echo(
        "Editions that were due before now are not sent again; `digest publish --for ADDRESS`"
        " sends one."
    )
    return 3 if done.left is None else 0


@app.command(epilog=example("digest doctor"))
def doctor(context: typer.Context, as_json: AsJson = False) -> int:
    """Check everything that a run needs, and say what to do.

    Settings, data folder, database, clock, subscribers, feeds and channels.
    """
    from digest.app import utc_now
    from digest.doctor import examine

    checks = run_async(examine(load_app(context), utc_now()))
    if as_json:
        typer.echo(json.dumps([asdict(check) for check in checks], ensure_ascii=False))
    else:
        for check in checks:
            typer.echo(f"{'ok  ' if check.ok else 'FAIL'}  {check.name}: {check.found}")
            if check.advice:
                typer.echo(f"      -> {check.advice}")
    return 0 if all(check.ok for check in checks) else 1


def _write_once(source: Path, target: Path) -> None:
    """Copy an example; a file that is there was written by its owner."""
    if target.exists():
        typer.echo(f"kept     {target}")
        return
    shutil.copyfile(source, target)
    typer.echo(f"written  {target}")


def _facts(found: "Standing") -> dict[str, Any]:
    """Return what `status` tells, as plain JSON data."""
    feeds = [
        asdict(r.state) | {"condition": r.condition.value, "problem": r.problem, "moved": r.moved}
        for r in found.feeds
    ]
    for feed in feeds:
        feed.update({k: v.isoformat() for k, v in feed.items() if hasattr(v, "isoformat")})
    embedded = {} if found.embedded is None else {"embedded": found.embedded}
    return {
        "feeds": feeds,
        "papers": {"papers": found.papers.papers, **found.papers.entries, **embedded},
        "subscribers": {state.value: n for state, n in found.subscribers.items()},
        "deliveries": {state.value: n for state, n in found.deliveries.items() if n},
        "unknown": [f"{who.address}, edition of {d.edition_date}" for d, who in found.unknown],
        "channels": {state.channel: state.problem for state in found.channels},
    }
