"""The only home of uvicorn: serves the pages until it is asked to stop."""

import asyncio
import contextlib
import sys

import structlog
import uvicorn

from digest.app import App
from digest.errors import ConfigError, DigestError
from digest.web.routes import create
from digest.web.site import Site

_AT_ONCE = 400  # connections; further ones are told to come back
_GRACE_SECONDS = 5
# Seconds after which a busy thread lets others go on. A page changes threads some times; with
# Python's 5 ms, a preview that is made beside it would cost it most of its time.
_SWITCH_SECONDS = 0.001

log = structlog.get_logger()


async def serve_pages(app: App, stopping: asyncio.Event) -> None:
    """Serve the pages, and send letters about subscriptions, until `stopping` is set.

    Raises:
        ConfigError: the address cannot be served, or the settings lack what pages need.
    """
    told = app.settings.web
    postman = app.postman
    site = Site.of(app, postman)
    server = uvicorn.Server(
        uvicorn.Config(
            create(site),
            host=told.host,
            port=told.port,
            log_config=None,
            access_log=False,  # it would hold tokens
            server_header=False,
            proxy_headers=bool(told.proxies),
            forwarded_allow_ips=told.proxies or None,
            limit_concurrency=_AT_ONCE,
            timeout_keep_alive=15,
            timeout_graceful_shutdown=_GRACE_SECONDS,
            lifespan="off",
        )
    )
    # Signals are for whoever called us.
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]
    sys.setswitchinterval(_SWITCH_SECONDS)
    letters = asyncio.create_task(postman.run(stopping)) if postman else None
    warming = asyncio.create_task(_warm(site))
    serving = asyncio.create_task(_served(server, told.host, told.port))
    asked = asyncio.create_task(stopping.wait())
    log.info("pages", host=told.host, port=told.port)
    try:
        await asyncio.wait({serving, asked}, return_when=asyncio.FIRST_COMPLETED)
        server.should_exit = True
        await serving
    finally:
        beside = [task for task in (asked, letters, warming) if task]
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)


async def _warm(site: Site) -> None:
    """Prepare what previews need before the first one comes."""
    try:
        await asyncio.to_thread(site.trials.choices)
    except DigestError as error:
        log.warning("previews are not prepared", error=str(error))


async def _served(server: uvicorn.Server, host: str, port: int) -> None:
    try:
        await server.serve()
    except SystemExit:  # uvicorn's way to say that it cannot listen
        raise ConfigError(
            f"cannot serve pages at {host}:{port}; is another program there? Set web.host and"
            " web.port"
        ) from None
