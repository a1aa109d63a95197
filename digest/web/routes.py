"""Which address leads to which page."""

from collections.abc import Callable, Coroutine
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Scope

from digest.web import admin, archive, feedback, health, home, leave, own
from digest.web.guard import Guard
from digest.web.site import Site

_Handler = Callable[[Request], Coroutine[Any, Any, Response]]
_YEAR = "public, max-age=31536000, immutable"


def create(site: Site) -> Starlette:
    """Return the pages of a site; they answer under its path and, for proxies that cut it, at /."""
    routes = [
        *_both("/", home.home, home.sign_up),
        Route("/preview", _closing(home.preview), methods=["POST"]),
        *_both("/confirm/{token}", home.confirm_page, home.confirm),
        *_both("/manage/{token}", own.manage_page, own.manage),
        Route("/manage/{token}/preview", _closing(own.preview), methods=["POST"]),
        Route("/manage/{token}/data.json", own.export),
        Route("/manage/{token}/saved.{form}", own.saved),
        *_both("/unsubscribe/{token}", leave.unsubscribe_page, leave.unsubscribe),
        *_both("/feedback/{token}", feedback.feedback_page, feedback.feedback),
        Route("/archive/{token}", archive.editions),
        Route("/archive/{token}/{day}", archive.edition),
        Route("/feed/{token}.{form}", archive.feed),
        Route("/static/{name}", _static),
        Route("/robots.txt", _robots),
        Route("/healthz", health.healthz),
        Route("/readyz", health.readyz),
        Route("/metrics", health.metrics),
    ]
    if site.gate:
        routes += _admin()
    under = [Mount(site.base, routes=routes)] if site.base else []
    app = Starlette(
        routes=[*under, *routes],
        middleware=[Middleware(Guard, failed=_failed)],
        exception_handlers={404: _nowhere, HTTPException: _refused},
    )
    app.state.site = site
    return app


def _admin() -> list[Route]:
    """Return the routes of the operator's pages."""
    shown = [Route(path, page, methods=["GET"]) for path, page, _ in admin.PAGES if page]
    sent = [Route(path, _closing(act), methods=["POST"]) for path, _, act in admin.PAGES if act]
    return shown + sent


def _both(path: str, shown: _Handler, sent: _Handler) -> list[Route]:
    """Return the routes of a page: GET shows, POST acts."""
    return [Route(path, shown, methods=["GET"]), Route(path, _closing(sent), methods=["POST"])]


def _closing(handler: _Handler) -> _Handler:
    """Return a handler after which the files of a form are closed, read or not.

    Browsers send an empty file with every form that could hold one.
    """

    async def closing(request: Request) -> Response:
        try:
            return await handler(request)
        finally:
            await request.close()

    return closing


async def _static(request: Request) -> Response:
    site: Site = request.app.state.site
    static = site.statics.get(request.path_params["name"])
    if static is None:
        return await site.nowhere(request)
    headers = {"cache-control": _YEAR, "etag": f'"{static.tag}"'}
    return Response(static.body, media_type=static.media_type, headers=headers)


async def _robots(request: Request) -> Response:
    private = ("confirm", "manage", "unsubscribe", "feedback", "archive", "feed")
    told = "".join(f"Disallow: /{name}/\n" for name in private)
    return PlainTextResponse(f"User-agent: *\n{told}")


async def _nowhere(request: Request, error: Exception) -> Response:
    site: Site = request.app.state.site
    return await site.nowhere(request)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return PlainTextResponse(f"{error.detail}\n", error.status_code, error.headers)


def _failed(scope: Scope) -> ASGIApp:
    told = "Something went wrong here; it is not your fault. Please try again in a minute.\n"
    return PlainTextResponse(told, 500)
