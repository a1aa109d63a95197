"""Commands for several processes: tick and worker."""

from typing import Annotated

import typer

from digest.cli.root import app, complain, counted, example, load_app, run_async


@app.command(epilog=example("digest --config /etc/digest/digest.toml worker"))
def worker(context: typer.Context) -> int:
    """Deliver what `serve` or `tick` hand out, until stopped.

    As many as wanted, on as many machines; for `engine = "cluster"`.
    """
    from digest.working import work

    run_async(work(load_app(context, verbose=True)))
    return 0


@app.command(epilog=example("digest --config /etc/digest/digest.toml tick --loop"))
def tick(
    context: typer.Context,
    loop: Annotated[
        bool,
        typer.Option(
            "--loop", help="Go on once a minute until stopped, and collect: `serve` without pages."
        ),
    ] = False,
) -> int:
    """Plan the editions that are due, and have them delivered.

    With `engine = "cluster"` workers are told of them, and of what others left unfinished.
    """
    from digest.pipeline import PublishReport
    from digest.stopping import until_stopped
    from digest.working import open_engine

    if loop:
        from digest import scheduling

        run_async(scheduling.serve(load_app(context, verbose=True)))
        return 0
    parts = load_app(context)

    async def once() -> PublishReport:
        parts.store  # noqa: B018 - what is wrong with the database is told by whom it belongs to
        async with open_engine(parts) as engine:
            report = await until_stopped(engine.tick(), engine.stop)
        if parts.watch:
            await parts.watch.look()
        return report

    report = run_async(once())
    typer.echo(
        f"{counted(report.planned, 'delivery', 'deliveries')} planned,"
        f" {counted(report.handed_out, 'shard')} handed out, {report.sent} sent"
    )
    complain((*report.mistakes, *report.problems))
    if report.mistakes:
        return 1
    return 3 if report.problems or report.unfinished else 0
