"""The gate before the operator's pages: a password, a session, and a key for each form.

What a browser holds is a random number in a cookie that no script can read and that no other
site can make it send (SameSite=Strict; ``__Host-`` ties it to this host and to https). The
database knows a keyed hash of it only, so that whoever reads a backup has no session. The key is
made from the hash of the password: a new password ends all sessions. Forms carry a value that
only the holder of the same cookie was shown (OWASP's "HMAC-based token pattern"), and so does the
form that asks for the password: nobody can sign somebody else in.
"""

import asyncio
import hashlib
import hmac
import secrets
from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response

from digest import passwords
from digest.models import Rate
from digest.store import Store
from digest.web.guard import Buckets

IDLE = timedelta(minutes=30)
LASTS = timedelta(hours=12)
_TRIES = 10  # of one client in a quarter of an hour
_ALL_TRIES = 60  # of all together in that time
_QUARTER = 900  # seconds
_A_MINUTE = 30  # tries that are looked at; the others do not reach the database
_TOKEN = 32  # bytes
_SPELT = 43  # characters of it


class Gate:
    """Lets whoever knows the password in.

    Args:
        store: where sessions are kept, and how often was tried.
        password_hash: what `digest admin password` made.
        path: under which the pages are, for the cookie.
        secure: whether they are asked for by https.
    """

    def __init__(self, store: Store, password_hash: str, *, path: str, secure: bool) -> None:
        self._store = store
        self._kept = password_hash
        self._key = hashlib.sha256(b"digest admin\n" + password_hash.encode()).digest()
        self._buckets = Buckets(_A_MINUTE)
        self._one_at_once = asyncio.Semaphore(1)  # each takes 32 MiB
        self._secure = secure
        self._path = "/" if secure else path
        self.cookie = "__Host-digest-admin" if secure else "digest-admin"

    def token(self, request: Request) -> str:
        """Return what the browser holds; empty: nothing that we made."""
        told = request.cookies.get(self.cookie, "")
        return told if len(told) == _SPELT and told.isascii() else ""

    def new_token(self) -> str:
        """Return what a browser is to hold from now on."""
        return secrets.token_urlsafe(_TOKEN)

    def form_key(self, token: str) -> str:
        """Return what stands in the forms of this browser."""
        return self._hash(b"form", token)

    def is_form(self, token: str, given: str) -> bool:
        """Tell whether a form was shown to this browser."""
        return bool(token) and hmac.compare_digest(self.form_key(token).encode(), given.encode())

    def is_open(self, token: str, now: datetime) -> bool:
        """Tell whether this browser is signed in."""
        name = self._hash(b"session", token)
        return bool(token) and self._store.sessions.use(name, now, idle=IDLE, lasts=LASTS)

    def may_try(self, client: str, now: datetime, moment: float) -> bool:
        """Count a try; tell whether the password is looked at.

        Args:
            client: pseudonym of who asks.
            now: the present instant.
            moment: seconds of a clock that only goes forward.
        """
        if not self._buckets.take("all", moment):
            return False
        wanted = [Rate(f"admin {client}", _TRIES, _QUARTER), Rate("admin", _ALL_TRIES, _QUARTER)]
        return self._store.rates.take(wanted, now) is None

    async def is_password(self, password: str) -> bool:
        """Tell whether this is the password; it takes as long whether it is or not."""
        async with self._one_at_once:
            return await asyncio.to_thread(passwords.matches, password, self._kept)

    def open(self, old: str, now: datetime) -> str:
        """Sign a browser in; return what it is to hold, which nobody knew before."""
        token = self.new_token()
        self._store.sessions.close(self._hash(b"session", old))
        name = self._hash(b"session", token)
        self._store.sessions.open(name, now, idle=IDLE, lasts=LASTS)
        return token

    def close(self, token: str) -> None:
        """Sign a browser out."""
        self._store.sessions.close(self._hash(b"session", token))

    def hand(self, response: Response, token: str) -> Response:
        """Return a response that gives a browser what it is to hold; empty: nothing any more."""
        response.set_cookie(
            self.cookie,
            token,
            max_age=None if token else 0,
            path=self._path,
            secure=self._secure,
            httponly=True,
            samesite="strict",
        )
        return response

    def _hash(self, what: bytes, token: str) -> str:
        return hmac.new(self._key, what + b"\n" + token.encode(), hashlib.sha256).hexdigest()
