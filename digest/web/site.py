"""What all pages share: the corridors behind them, the templates, and how they answer."""

import asyncio
import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import structlog
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, Response

from digest.app import App
from digest.config import WebSettings
from digest.links import Linker
from digest.models import Profile, Subscriber
from digest.pipeline.standing import Standing
from digest.pipeline.trial import Trial, Trials
from digest.rendering import Listed, Pages
from digest.resources import folder
from digest.sources.base import Feed
from digest.store import Store
from digest.subscriptions import Postman, Readers, SignupDesk, Subscriptions
from digest.web.gate import Gate
from digest.web.guard import PATIENCE, Buckets, Turns, client_of
from digest.web.shelf import Shelf
from digest.wording import languages

_MAX_FIELDS = 600
_MAX_FIELD = 60_000  # bytes of one field of a form
_WAITING = 12  # previews that may wait for their turn, or be made
_OF_A_CLIENT = 4  # and of one client
_LISTED = 3_000  # editions whose entry in a list is remembered; about 2 KB each

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Static:
    """A file that pages use, as it is sent."""

    body: bytes
    media_type: str
    tag: str


class Site:
    """The parts behind the pages of one installation.

    Args:
        store, desk, readers, trials: what the pages lead to.
        linker: makes links from one page to another.
        postman: is called when there is a letter; None: nobody sends any here.
        settings: what strangers may ask.
        templates: the folder with ``web/``.
        title: name of the publication.
        clock: gives the present instant, aware, in UTC.
        standing: tells how the installation stands.
        people, feeds: what the operator's pages show; the settings say whether there are any.
    """

    def __init__(
        self,
        *,
        store: Store,
        desk: SignupDesk,
        readers: Readers,
        trials: Trials,
        linker: Linker,
        postman: Postman | None,
        settings: WebSettings,
        templates: Path,
        title: str,
        clock: Callable[[], datetime],
        standing: Callable[[], Standing],
        people: Subscriptions,
        feeds: Callable[[], Sequence[Feed]],
    ) -> None:
        self.store = store
        self.desk = desk
        self.readers = readers
        self.trials = trials
        self.linker = linker
        self.postman = postman
        self.settings = settings
        self.clock = clock
        self.standing = standing
        self.people = people
        self.feeds = feeds
        public = urlsplit(linker.public_url)
        self.base = public.path.rstrip("/")
        self.gate = _gate(store, settings, self.base, secure=public.scheme == "https")
        self.statics = _statics(templates / "web" / "static")
        addresses = {
            name: f"{self.base}/static/{name}?v={static.tag}"
            for name, static in self.statics.items()
        }
        self.pages = Pages(templates, title=title, base=self.base, statics=addresses)
        self._buckets = Buckets(settings.previews_per_minute)
        self._turns = Turns(_WAITING, _OF_A_CLIENT)
        self.listed: Shelf[tuple[int, int], Listed] = Shelf(_LISTED)

    @classmethod
    def of(cls, app: App, postman: Postman | None = None) -> "Site":
        """Return the site of an installation.

        Raises:
            ConfigError: there is no public address, or no secret.
            RenderError: the templates are missing.
        """
        return cls(
            store=app.store,
            desk=app.signup_desk,
            readers=app.readers,
            trials=app.trials,
            linker=app.linker,
            postman=postman,
            settings=app.settings.web,
            templates=folder("templates"),
            title=app.settings.edition.title,
            clock=app.clock,
            standing=app.standing,
            people=app.subscriptions,
            feeds=lambda: app.enabled_feeds,
        )

    # ------------------------------------------------------------ answers

    async def page(
        self, name: str, language: str, status: int = 200, /, **view: Any
    ) -> HTMLResponse:
        """Return a page; it is filled beside the event loop."""
        html = await asyncio.to_thread(self.pages.page, name, language, **view)
        return HTMLResponse(html, status)

    async def said(self, language: str, heading: str, *lines: str, status: int = 200) -> Response:
        """Return a page that says something and has no more to it."""
        return await self.page("said", language, status, heading=heading, lines=lines)

    async def nowhere(self, request: Request) -> HTMLResponse:
        """Return the one answer to every link that does not work, whatever is wrong with it."""
        return await self.page("nowhere", self.language(request), 404)

    def language(self, request: Request, person: Subscriber | None = None) -> str:
        """Return the language to speak: the subscriber's, the one asked for, or the browser's."""
        if person:
            return person.profile.language
        asked = request.query_params.get("lang", "")
        told = (part.partition(";")[0].strip() for part in _accepted(request).split(","))
        wanted = [asked, *(code.partition("-")[0].lower() for code in told)]
        return next((code for code in wanted if code in languages()), "en")

    # ------------------------------------------------------------ requests

    def client(self, request: Request) -> str:
        """Return a pseudonym for who asks."""
        return self.readers.tokens.pseudonym(client_of(request.client and request.client.host))

    async def preview(
        self, request: Request, profile: Profile, person: Subscriber | None = None
    ) -> Trial | None:
        """Try a profile; None: this client tries too often, too many try at once, or it is gone."""
        client = self.client(request)
        if not self._buckets.take(client, time.monotonic()):
            return None
        async with self._turns.turn(client) as allowed:
            if not allowed or await request.is_disconnected():
                return None
            return await asyncio.to_thread(self.trials.preview, profile, person)


async def read_form(request: Request) -> FormData:
    """Return the fields of a form; bounded in number, in size and in time.

    Raises:
        HTTPException: it cannot be read.
    """
    try:
        async with asyncio.timeout(PATIENCE):
            form = await request.form(max_files=2, max_fields=_MAX_FIELDS, max_part_size=_MAX_FIELD)
    except TimeoutError:
        raise HTTPException(408) from None
    except (MultiPartException, ClientDisconnect, UnicodeDecodeError):
        raise HTTPException(400) from None
    for name, value in form.multi_items():
        if name != "library" and not isinstance(value, str):
            await value.close()
    return form


def field(form: FormData, name: str, most: int = 20_000) -> str:
    """Return the text of a field, cut to a length; empty: it is not there, or is a file."""
    value = form.get(name, "")
    return value[:most].strip() if isinstance(value, str) else ""


def _gate(store: Store, settings: WebSettings, base: str, *, secure: bool) -> Gate | None:
    kept = settings.admin_password_hash.get_secret_value()
    return Gate(store, kept, path=f"{base}/admin", secure=secure) if kept else None


def _accepted(request: Request) -> str:
    return request.headers.get("accept-language", "")[:200]


def _statics(place: Path) -> dict[str, Static]:
    kinds = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
    found = {}
    for path in sorted(place.iterdir()):
        if path.suffix in kinds:
            body = path.read_bytes()
            tag = hashlib.sha256(body).hexdigest()[:16]
            found[path.name] = Static(body, kinds[path.suffix], tag)
    return found
