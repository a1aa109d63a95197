"""The only home of uvicorn: serves the pages until it is asked to stop."""

import asyncio
import contextlib

import structlog
import uvicorn

from digest.app import App
from digest.errors import ConfigError
from digest.web.routes import create
from digest.web.site import Site

_AT_ONCE = 400  # connections; further ones are told to come back
_GRACE_SECONDS = 5

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
    letters = asyncio.create_task(postman.run(stopping)) if postman else None
    serving = asyncio.create_task(_served(server, told.host, told.port))
    asked = asyncio.create_task(stopping.wait())
    log.info("pages", host=told.host, port=told.port)
    try:
        await asyncio.wait({serving, asked}, return_when=asyncio.FIRST_COMPLETED)
        server.should_exit = True
        await serving
    finally:
        asked.cancel()
        if letters:
            letters.cancel()
            await asyncio.gather(letters, return_exceptions=True)


async def _served(server: uvicorn.Server, host: str, port: int) -> None:
    try:
        await server.serve()
    except SystemExit:  # uvicorn's way to say that it cannot listen
        raise ConfigError(
            f"cannot serve pages at {host}:{port}; is another program there? Set web.host and"
            " web.port"
        ) from None
