"""Whether the process lives, and whether it can do its work; for whatever watches over it."""

import asyncio

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from digest.errors import StoreError
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
