"""Whether the process lives, and whether it can do its work; for whatever watches over it."""

import asyncio
import hmac

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from digest.errors import StoreError
from digest.metrics import CONTENT_TYPE, exposition
from digest.web.site import Site


async def healthz(request: Request) -> Response:
    """Say that the process answers."""
    return JSONResponse({"status": "ok"})


async def readyz(request: Request) -> Response:
    """Say whether the database answers, and how old the last collection is, in seconds."""
    site: Site = request.app.state.site
    try:
        states = await asyncio.to_thread(site.store.feeds.states)
    except StoreError:
        return JSONResponse({"status": "the database does not answer"}, 503)
    read = max((s.succeeded_at for s in states if s.succeeded_at), default=None)
    age = round((site.clock() - read).total_seconds()) if read else None
    return JSONResponse({"status": "ok", "collected_seconds_ago": age})


async def metrics(request: Request) -> Response:
    """Tell how the installation stands, in Prometheus' format, to whoever knows the token.

    Without a token in the settings, and with a wrong one, there is nothing here.
    """
    site: Site = request.app.state.site
    wanted = site.settings.metrics_token.get_secret_value()
    told = request.headers.get("authorization", "")
    if not wanted or not hmac.compare_digest(told.encode(), f"Bearer {wanted}".encode()):
        return await site.nowhere(request)
    try:
        found = await asyncio.to_thread(site.standing)
    except StoreError:
        return PlainTextResponse("the database does not answer\n", 503)
    return Response(exposition(found), headers={"content-type": CONTENT_TYPE})
