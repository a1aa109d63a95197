"""The web door: pages on which people subscribe, change their minds, answer and leave.

::

    request ──guard (sizes, headers, log without tokens)──► page ──► a corridor ──► template ──► answer

Handlers read the form, call `subscriptions` or `pipeline`, and fill a template; they decide
nothing. No page of readers sets a cookie, so there is nothing for a forged request to ride on: the
token in a link is the only key. The operator's pages (`admin`), where there are any, have a login
(`gate`). GET and HEAD never change anything, since scanners open every link.
"""

from digest.web.routes import create
from digest.web.server import serve_pages

__all__ = ["create", "serve_pages"]
