"""The operator's pages, behind `digest.web.gate`; there are none where no password is set.

They show what `digest status`, `deliveries` and `subscriber` show, and decide what `digest
resolve`, `subscriber resend` and `subscriber erase` decide, by the same corridors. Addresses of
subscribers stand in no URL, so that no log of a server in front holds one.
"""

from collections.abc import Sequence

from digest.web.admin import entering, ledger, overview, people
from digest.web.admin.visit import Handler

# Path, what it shows (GET), and what its buttons do (POST).
PAGES: Sequence[tuple[str, Handler | None, Handler | None]] = (
    ("/admin", overview.overview, None),
    ("/admin/login", entering.login_page, entering.login),
    ("/admin/logout", None, entering.logout),
    ("/admin/feeds", overview.feeds, None),
    ("/admin/runs", overview.runs, None),
    ("/admin/deliveries", ledger.deliveries_page, ledger.deliveries),
    ("/admin/subscribers", people.subscribers_page, people.subscribers),
    ("/admin/subscribers/{number:int}", people.subscriber_page, people.subscriber),
)
