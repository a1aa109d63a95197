"""Links: the addresses that belong to one reader, each with a token that only opens that page.

::

    /confirm/T   /manage/T   /unsubscribe/T   /feedback/T   /archive/T[/DATE]   /feed/T.atom|.json

They exist where Digest has a public address; without one, mails offer a way to unsubscribe by
mail and nothing else. A link is worth what it opens: it is never logged, and raising a
subscriber's link generation revokes all that were sent before.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import quote

from digest.errors import ConfigError
from digest.models import AnswerKind, Edition, Subscriber
from digest.rendering import Links
from digest.tokens import Purpose, Tokens


@dataclass(frozen=True, slots=True)
class Linker:
    """Makes the addresses of an installation's pages.

    Attributes:
        public_url: where the pages are, like ``https://digest.example.org``; empty: nowhere.
        tokens: makes what stands in the links; None: there is no secret, so there are none.
        mailto: an address that takes mails asking to be unsubscribed; empty: none does.

    Raises:
        ConfigError: there is a public address and no secret.
    """

    public_url: str = ""
    tokens: Tokens | None = None
    mailto: str = ""

    def __post_init__(self) -> None:
        if self.public_url and self.tokens is None:
            raise ConfigError("`public_url` needs a `secret`; `digest init` makes one")

    @property
    def has_pages(self) -> bool:
        """Whether there are pages to link to."""
        return bool(self.public_url)

    def for_edition(self, who: Subscriber, edition_id: int | None, edition: Edition) -> Links:
        """Return what a rendering of one edition links to.

        Args:
            who: its reader.
            edition_id: its number; None: it is not stored, and nothing can link to it.
            edition: its papers get a link to answer with, by their numbers.
        """
        if not self.has_pages:
            return Links(unsubscribe=self.unsubscribe_mailto(who))
        if edition_id is None:
            return Links(unsubscribe=self.unsubscribe(who), manage=self.manage(who))
        return Links(
            unsubscribe=self.unsubscribe(who),
            manage=self.manage(who),
            archive=self.archive(who),
            view=self.archive(who, edition.edition_date),
            answers=self._answers(who, edition_id, [s.paper.paper_id for s in edition.papers]),
        )

    def home(self) -> str:
        """Return the page on which people subscribe."""
        return self._page("/")

    def confirm(self, signup_id: int, expires_at: datetime) -> str:
        """Return the page that confirms an address (a sign-up's number, not a subscriber's)."""
        return self._with_token("confirm", Purpose.CONFIRM, signup_id, 0, expires_at=expires_at)

    def readdress(self, who: Subscriber, signup_id: int, expires_at: datetime) -> str:
        """Return the page that confirms a subscriber's new address."""
        return self._of(who, "confirm", Purpose.READDRESS, signup_id, expires_at=expires_at)

    def manage(self, who: Subscriber, expires_at: datetime | None = None) -> str:
        """Return the page on which a subscriber changes everything."""
        return self._of(who, "manage", Purpose.MANAGE, expires_at=expires_at)

    def unsubscribe(self, who: Subscriber) -> str:
        """Return the page, and target of one-click (RFC 8058), by which a subscriber leaves."""
        return self._of(who, "unsubscribe", Purpose.UNSUBSCRIBE)

    def unsubscribe_token(self, who: Subscriber) -> str:
        """Return what names the subscriber in a mail that asks to unsubscribe; may be empty."""
        if self.tokens is None:
            return ""
        return self.tokens.make(Purpose.UNSUBSCRIBE, who.subscriber_id, who.link_generation)

    def bounce_token(self, who: Subscriber, delivery_id: int) -> str:
        """Return what the return path of a mail carries, signed; empty: there is no secret."""
        return self.tokens.for_bounce(delivery_id, who.address) if self.tokens else ""

    def unsubscribe_mailto(self, who: Subscriber) -> str:
        """Return the mailto link by which a subscriber leaves; empty: nobody reads such mails."""
        if not self.mailto:
            return ""
        subject = f"unsubscribe {self.unsubscribe_token(who)}".strip()
        return f"mailto:{quote(self.mailto, safe='@')}?subject={quote(subject, safe='')}"

    def answer(
        self, who: Subscriber, edition_id: int, paper_id: int, kind: AnswerKind | None = None
    ) -> str:
        """Return the page on which a subscriber says what a paper was worth.

        Args:
            who: the subscriber.
            edition_id: the edition that the paper stood in.
            paper_id: the paper.
            kind: the answer that is chosen already; the page asks to confirm it all the same.
        """
        page = self._of(who, "feedback", Purpose.ANSWER, edition_id, paper_id)
        return f"{page}?answer={kind.value}" if kind and page else page

    def _answers(self, who: Subscriber, edition_id: int, papers: Sequence[int]) -> dict[int, str]:
        """Return what `answer` does, for each paper of an edition."""
        assert self.tokens is not None  # there are pages
        generation = who.link_generation
        tokens = self.tokens.make_each(
            Purpose.ANSWER, who.subscriber_id, generation, edition_id, papers
        )
        page = self._page("/feedback/")
        return {paper: page + token for paper, token in zip(papers, tokens, strict=True)}

    def archive(self, who: Subscriber, day: date | None = None) -> str:
        """Return the list of a subscriber's editions, or the edition of one day."""
        page = self._of(who, "archive", Purpose.ARCHIVE)
        return f"{page}/{day.isoformat()}" if day and page else page

    def feed(self, who: Subscriber, form: str = "atom") -> str:
        """Return a subscriber's editions as a feed, ``atom`` or ``json``."""
        page = self._of(who, "feed", Purpose.FEED)
        return f"{page}.{form}" if page else ""

    def _of(
        self,
        who: Subscriber,
        page: str,
        purpose: Purpose,
        *values: int,
        expires_at: datetime | None = None,
    ) -> str:
        number, generation = who.subscriber_id, who.link_generation
        return self._with_token(page, purpose, number, generation, *values, expires_at=expires_at)

    def _with_token(
        self, page: str, purpose: Purpose, *numbers: int, expires_at: datetime | None
    ) -> str:
        if self.tokens is None:
            return ""
        number, generation, *values = numbers
        token = self.tokens.make(purpose, number, generation, *values, expires_at=expires_at)
        return self._page(f"/{page}/{token}")

    def _page(self, path: str) -> str:
        return f"{self.public_url}{path}" if self.has_pages else ""
