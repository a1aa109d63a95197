"""One request of somebody who is signed in."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from functools import wraps
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from digest.web.gate import Gate
from digest.web.site import Site, field, read_form
from digest.wording import Wording, wording

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


@dataclass(frozen=True, slots=True)
class Visit:
    """What a page of the operator's has to do with.

    Attributes:
        form: what was sent; empty where the page is only looked at.
    """

    request: Request
    site: Site
    token: str
    form: FormData

    @property
    def words(self) -> Wording:
        """The language of the browser, or the one asked for."""
        return wording(self.site.language(self.request))

    async def page(self, name: str, status: int = 200, /, **view: Any) -> Response:
        """Return a page with what all of them show."""
        gate = gate_of(self.site)
        told = {"done": "", "problems": (), "here": name, "form_key": gate.form_key(self.token)}
        return await self.site.page(f"admin/{name}", self.words.language, status, **(told | view))

    def chosen(self, name: str, most: int = 300) -> str:
        """Return a value of the form, or of the address."""
        if name in self.form:
            return field(self.form, name, most)
        return self.request.query_params.get(name, "")[:most].strip()

    def number(self, name: str) -> int | None:
        """Return a number of the form, or of the address; None: there is none."""
        return as_number(self.chosen(name, 12))


_Page = Callable[[Visit], Awaitable[Response]]


def shown(page: _Page) -> Handler:
    """Return a page that only those see who are signed in; others are led to the login."""

    @wraps(page)
    async def handler(request: Request) -> Response:
        visit = await _let_in(request)
        return await page(visit) if visit else to_login(request)

    return handler


def sent(page: _Page) -> Handler:
    """Return what buttons do, for forms that were shown to the same browser."""

    @wraps(page)
    async def handler(request: Request) -> Response:
        visit = await _let_in(request)
        if visit is None:
            return to_login(request)
        form = await read_form(request)
        if not gate_of(visit.site).is_form(visit.token, field(form, "form_key", 100)):
            return await stale(request)
        return await page(Visit(request, visit.site, visit.token, form))

    return handler


def gate_of(site: Site) -> Gate:
    """Return the gate; where there is none, no address leads to these pages."""
    assert site.gate is not None, "these pages are on"
    return site.gate


def to_login(request: Request) -> Response:
    """Lead to the page that asks for the password."""
    site: Site = request.app.state.site
    return RedirectResponse(f"{site.base}/admin/login", 303)


async def stale(request: Request) -> Response:
    """Say that a form is not one that we showed this browser, and that nothing was done."""
    site: Site = request.app.state.site
    words = wording(site.language(request))
    return await site.said(
        words.language,
        words.gettext("This form is too old"),
        words.gettext("Nothing was done. Open the page again, with cookies allowed."),
        status=403,
    )


def as_number(text: str) -> int | None:
    """Return a number of a row; None: it is none that a database could hold."""
    if not (text.isascii() and text.isdigit()):
        return None
    number = int(text)
    return number if number < 2**31 else None


async def _let_in(request: Request) -> Visit | None:
    site: Site = request.app.state.site
    gate = gate_of(site)
    token = gate.token(request)
    if not await asyncio.to_thread(gate.is_open, token, site.clock()):
        return None
    return Visit(request, site, token, FormData())
