"""Signing in and out."""

import asyncio
import time

import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from digest.web.admin.visit import Visit, gate_of, sent, stale, to_login
from digest.web.site import Site, field, read_form
from digest.wording import wording

log = structlog.get_logger()


async def login_page(request: Request) -> Response:
    """Ask for the password."""
    site: Site = request.app.state.site
    gate = gate_of(site)
    token = gate.token(request)
    if await asyncio.to_thread(gate.is_open, token, site.clock()):
        return RedirectResponse(f"{site.base}/admin", 303)
    token = token or gate.new_token()
    return gate.hand(await _page(request, token), token)


async def login(request: Request) -> Response:
    """Sign in."""
    site: Site = request.app.state.site
    gate = gate_of(site)
    form = await read_form(request)
    token = gate.token(request)
    if not gate.is_form(token, field(form, "form_key", 100)):
        return await stale(request)
    words, now = wording(site.language(request)), site.clock()
    if not await asyncio.to_thread(gate.may_try, site.client(request), now, time.monotonic()):
        log.warning("too many tries to sign in")
        told = words.gettext("Too many tries. Please wait for a quarter of an hour.")
        return await _page(request, token, told, 429)
    # As it was typed: a password may begin or end with a space.
    password = form.get("password", "")
    if not isinstance(password, str) or not await gate.is_password(password):
        log.warning("wrong password")
        return await _page(request, token, words.gettext("This is not the password."), 403)
    log.info("signed in")
    opened = await asyncio.to_thread(gate.open, token, now)
    return gate.hand(RedirectResponse(f"{site.base}/admin", 303), opened)


@sent
async def logout(visit: Visit) -> Response:
    """Sign out."""
    gate = gate_of(visit.site)
    await asyncio.to_thread(gate.close, visit.token)
    return gate.hand(to_login(visit.request), "")


async def _page(request: Request, token: str, problem: str = "", status: int = 200) -> Response:
    site: Site = request.app.state.site
    key = gate_of(site).form_key(token)
    language = site.language(request)
    return await site.page("admin/login", language, status, form_key=key, problem=problem)
