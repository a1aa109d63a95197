"""The command that runs the ranker alone: rank."""

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from digest.cli.root import app, complain, counted, example, load_app
from digest.errors import UsageError

if TYPE_CHECKING:
    from digest.embedding import Embedder
    from digest.pipeline.evaluation import Wanted

_ONLY = re.compile(r"liked:([1-9]\d{0,5})")


Papers = Annotated[
    Path,
    typer.Option(
        "--papers",
        metavar="FILE",
        help="id, title, abstract of every paper, one JSON object a line.",
    ),
]
Chosen = Annotated[
    Path, typer.Option("--candidates", metavar="FILE", help="The ids of those to be ranked.")
]
Readers = Annotated[
    Path,
    typer.Option(
        "--users", metavar="FILE", help="id, liked (ids of papers), keywords of each reader."
    ),
]
Out = Annotated[
    Path, typer.Option("--out", metavar="FILE", help="Where to write {reader: [ids, best first]}.")
]


@app.command(epilog=example("digest rank --papers P --candidates C --users U --out ranking.json"))
def rank(
    context: typer.Context,
    papers: Papers,
    candidates: Chosen,
    users: Readers,
    out: Out,
    top: Annotated[int, typer.Option(min=1, help="List at most so many papers.")] = 500,
    only: Annotated[
        str | None,
        typer.Option(metavar="liked:K|keywords", help="Only the first K liked, or the keywords."),
    ] = None,
    text: Annotated[
        str, typer.Option(metavar="NAMES", help="Of title, abstract and keywords.")
    ] = "title,abstract",
    embeddings: Annotated[
        bool,
        typer.Option("--embeddings", help="With embeddings too; they take their time."),
    ] = False,
    jobs: Annotated[int, typer.Option(min=1, help="Processes.")] = os.cpu_count() or 1,
) -> int:
    """Rank a file's papers for the readers of another one."""
    from rich.console import Console
    from rich.progress import Progress

    from digest.pipeline.evaluation import Embeddings, rank_task, read_task

    wanted = _wanted(only, text, top)
    embedder = _embedder(context) if embeddings else None
    task = read_task(papers, candidates, users, wanted)
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        made = None
        if embedder:
            texts = progress.add_task("embedding", total=None)
            made = Embeddings.make(
                task, wanted, embedder.embed, lambda n: progress.update(texts, completed=n)
            )
        bar = progress.add_task("ranking", total=len(task.users))
        ranked = rank_task(
            task, wanted, embeddings=made, jobs=jobs, on_user=lambda: progress.advance(bar)
        )
    _write(out, json.dumps(ranked, ensure_ascii=False))
    typer.echo(
        f"{counted(len(task.candidates), 'candidate')} ranked for"
        f" {counted(len(ranked), 'reader')}: {out}"
    )
    complain(list(task.problems[:20]))
    if len(task.problems) > 20:
        complain([f"and {len(task.problems) - 20} more lines were left out"])
    return 3 if task.problems else 0


def _embedder(context: typer.Context) -> "Embedder":
    """Return what the settings name; where they name none, the model that is computed here.

    Raises:
        EmbeddingError: it cannot be used.
    """
    from digest.embedding import EmbeddingOptions, open_embedder

    parts = load_app(context)
    named = parts.embedder
    if named is None:
        folder = parts.settings.embeddings.folder
        named = open_embedder(EmbeddingOptions("minilm", folder), parts.settings.environ)
    assert named is not None
    return named


def _wanted(only: str | None, text: str, top: int) -> "Wanted":
    from digest.pipeline.evaluation import Wanted

    parts = tuple(part.strip() for part in text.split(","))
    if unknown := [part for part in parts if part not in {"title", "abstract", "keywords"}]:
        raise UsageError(f"--text takes title, abstract and keywords, not {', '.join(unknown)}")
    if only is None:
        return Wanted(text=parts, top=top)
    if only == "keywords":
        return Wanted(liked=0, keywords=True, text=parts, top=top)
    first = _ONLY.fullmatch(only)
    if first is None:
        raise UsageError(f"--only takes liked:K or keywords, not {only!r}")
    return Wanted(liked=int(first[1]), text=parts, top=top)


def _write(out: Path, text: str) -> None:
    """Write a file whole or not at all.

    Raises:
        UsageError: it cannot be written.
    """
    part = out.with_name(f".{out.name}.part")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(text, encoding="utf-8")
        part.replace(out)
    except OSError as error:
        if part.parent.is_dir():
            part.unlink(missing_ok=True)
        raise UsageError(f"cannot write {out}: {error.strerror}") from error
