"""The composition root: settings in, parts put together out. Nothing else opens anything."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from digest import feedlist
from digest.config import Settings, SmtpAccountSettings
from digest.delivery import (
    Channel,
    DirectoryChannel,
    DkimOptions,
    MailOptions,
    OutboxChannel,
    Signer,
    SmtpChannel,
    SmtpOptions,
    Tls,
)
from digest.delivery.inbox import ImapOptions
from digest.embedding import Embedder, EmbeddingOptions, EndpointOptions, open_embedder
from digest.errors import ConfigError, EmbeddingError, StoreError
from digest.links import Linker
from digest.pipeline import Collector, EditionOptions, Publisher, PublishOptions
from digest.pipeline.embed import EmbedReport, embed_missing
from digest.pipeline.likes import learn_likes
from digest.pipeline.refresh import refresh, with_old_counts
from digest.pipeline.standing import Standing, standing
from digest.pipeline.summarise import SummaryReport, summarise_missing
from digest.pipeline.trial import Trials
from digest.pipeline.watch import Watch
from digest.rendering import LetterWriter, Renderer, RenderOptions
from digest.sources.base import Feed
from digest.sources.fetch import Fetcher, FetchOptions
from digest.sources.worker import ParserProcess
from digest.store import LetterCaps, SoftLimit, Store, open_store, restore_store
from digest.subscriptions import Postman, Readers, SignupDesk, Subscriptions
from digest.summaries import SummaryOptions
from digest.tokens import Tokens, make_secret, read_secrets


def utc_now() -> datetime:
    """Return the present instant; the one place where the product looks at the clock."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did.

    Attributes:
        moved: where the database is now that was there; None: there was none.
        expired: deliveries that waited in the backup, and were ended.
        unknown: deliveries that were on their way when it was made.
        left: subscribers who left since, and stay gone; None: that cannot be read any more.
    """

    moved: Path | None
    expired: int
    unknown: int
    left: int | None


@dataclass(frozen=True)
class App:
    """All parts of one installation, made when they are first asked for.

    Attributes:
        clock: gives the present instant, aware, in UTC.
    """

    settings: Settings
    clock: Callable[[], datetime] = utc_now

    @cached_property
    def store(self) -> Store:
        """The open database, migrated to this version."""
        return open_store(self.settings.database_url)

    def close(self) -> None:
        """Close the database, if it was opened."""
        if "store" in self.__dict__:
            self.store.close()

    @cached_property
    def feeds(self) -> list[Feed]:
        """All feeds of the list, on or off."""
        return feedlist.load(self.settings.collect.sources)

    @property
    def enabled_feeds(self) -> list[Feed]:
        """The feeds that are on."""
        return [feed for feed in self.feeds if feed.enabled]

    @cached_property
    def subscriptions(self) -> Subscriptions:
        """The corridor of people."""
        return Subscriptions(self.store)

    @cached_property
    def signup_desk(self) -> SignupDesk:
        """Takes sign-ups.

        Raises:
            ConfigError: there is no secret.
        """
        web = self.settings.web
        caps = LetterCaps(per_client=web.letters_per_client, in_all=web.letters_per_day)
        return SignupDesk(self.store, self._needed_tokens, caps)

    @cached_property
    def readers(self) -> Readers:
        """What subscribers may do by their links.

        Raises:
            ConfigError: there is no secret.
        """
        return Readers(self.store, self._needed_tokens)

    @cached_property
    def trials(self) -> Trials:
        """Tries profiles on the papers of the last days."""
        return Trials(self.store, lambda: self.enabled_feeds, self.edition_options, self.clock)

    @property
    def postman(self) -> Postman | None:
        """Sends letters about subscriptions; None: no channel carries any."""
        channel = self._letter_channel
        if channel is None or not self.linker.has_pages:
            return None
        return Postman(
            self.store,
            linker=self.linker,
            writer=self._letter_writer,
            channel=channel,
            clock=self.clock,
            tidy=self.signup_desk.tidy,
        )

    @cached_property
    def watch(self) -> Watch | None:
        """Tells the operator what needs him; None: nobody wants to be told, or by no mail."""
        channel, address = self._letter_channel, self.settings.operator
        if channel is None or not address:
            return None
        return Watch(
            self.store,
            look=self.standing,
            writer=self._letter_writer,
            channel=channel,
            address=address,
            clock=self.clock,
        )

    @property
    def _letter_channel(self) -> Channel | None:
        names = [name for name in ("smtp", "outbox") if name in self.channels]
        return self.channels[names[0]] if names else None

    @property
    def _letter_writer(self) -> LetterWriter:
        return LetterWriter(RenderOptions(title=self.settings.edition.title))

    @property
    def _needed_tokens(self) -> Tokens:
        if self.tokens is None:
            raise ConfigError("the pages need `public_url`, where people find them; set it")
        return self.tokens

    @cached_property
    def edition_options(self) -> EditionOptions:
        """What editions may draw on."""
        edition = self.settings.edition
        return EditionOptions(
            window=timedelta(days=edition.window_days),
            background=edition.background_papers,
            model=self._model,
        )

    @property
    def _model(self) -> str:
        """Whose stored embeddings count; empty: none do, and everything else works."""
        try:
            return self.embedder.name if self.embedder else ""
        except EmbeddingError:
            return ""

    @cached_property
    def renderer(self) -> Renderer:
        """Editions to mails and files."""
        edition = self.settings.edition
        return Renderer(
            RenderOptions(
                title=edition.title,
                note=edition.note,
                abstract_sentences=edition.abstract_sentences,
            )
        )

    @cached_property
    def tokens(self) -> Tokens | None:
        """Makes and reads what stands in links; None: nothing needs any, and there is no secret.

        Raises:
            ConfigError: the secret cannot be used, or one is needed and cannot be made here.
        """
        secrets = self.settings.secret.get_secret_value().split()
        if not secrets and self.settings.public_url and self._is_alone:
            make_secret(self.settings.secret_file)
        secrets = secrets or read_secrets(self.settings.secret_file)
        return Tokens(secrets) if secrets else None

    @property
    def _is_alone(self) -> bool:
        """Whether all processes of this installation share the data folder, as far as is known."""
        return self.settings.database_url.startswith("sqlite")

    @cached_property
    def linker(self) -> Linker:
        """Makes each reader's own links."""
        return Linker(self.settings.public_url, self.tokens, self._unsubscribe_address)

    @property
    def _unsubscribe_address(self) -> str:
        return self.settings.smtp.unsubscribe_address or self.settings.sender_address

    @cached_property
    def mail_options(self) -> MailOptions:
        """What stands in the header of every mail."""
        return MailOptions(
            sender=self.settings.sender,
            reply_to=self.settings.smtp.reply_to,
            unsubscribe_mailto=self._unsubscribe_address,
            sign=self.signer.sign if self.signer else None,
        )

    @cached_property
    def signer(self) -> Signer | None:
        """Signs mails; None: the relay does, or nobody.

        Raises:
            ConfigError: the keys cannot be used, or the library is missing.
        """
        told = self.settings.dkim
        domain = told.domain or self.settings.sender_address.rpartition("@")[2]
        return Signer(DkimOptions(domain, told.keys)) if told.keys else None

    @cached_property
    def channels(self) -> dict[str, Channel]:
        """The ways out that the settings name."""
        make: dict[str, Callable[[], Channel]] = {
            "smtp": self._smtp_channel,
            "directory": lambda: DirectoryChannel(self.settings.delivery.directory),
            "outbox": lambda: OutboxChannel(self.mail_options, self.settings.delivery.outbox),
        }
        return {name: make[name]() for name in self.settings.delivery.channels}

    def _smtp_channel(self) -> SmtpChannel:
        first = self._smtp_options
        fallbacks = [replace(first, **_way_in(a)) for a in self.settings.smtp.fallback]
        return SmtpChannel(first, self.mail_options, fallbacks)

    @property
    def soft_limit(self) -> SoftLimit:
        """After how many soft bounces an address is given up."""
        told = self.settings.bounces
        return SoftLimit(told.soft_count, timedelta(days=told.soft_days))

    @property
    def imap_options(self) -> ImapOptions | None:
        """The mailbox in which bounces wait; None: the settings name none."""
        told = self.settings.bounces
        if not told.imap_host:
            return None
        return ImapOptions(
            told.imap_host,
            told.imap_username,
            told.imap_password.get_secret_value(),
            told.imap_port,
            told.imap_folder,
            told.imap_ca_file,
        )

    @property
    def _smtp_options(self) -> SmtpOptions:
        smtp = self.settings.smtp
        return SmtpOptions(
            **_way_in(smtp),
            envelope_from=smtp.envelope_from,
            helo=smtp.helo,
            timeout=smtp.timeout,
            deadline=smtp.deadline,
            connections=smtp.connections,
            recycle=smtp.messages_per_connection,
            rates=smtp.rates,
            domain_rates={name.lower(): told for name, told in smtp.domain_rates.items()},
        )

    @property
    def fetch_options(self) -> FetchOptions:
        """How feeds are asked."""
        collect = self.settings.collect
        contact = collect.contact or self.settings.public_url or self.settings.sender_address
        return FetchOptions(contact=contact, allow_private=tuple(collect.allow_private_hosts))

    @asynccontextmanager
    async def collector(self) -> AsyncIterator[Collector]:
        """A collector with its HTTP client and worker process, closed afterwards."""
        async with Fetcher(self.fetch_options) as fetcher, ParserProcess() as parser:
            yield Collector(self.store, fetcher, parser, self.clock)

    @cached_property
    def embedder(self) -> Embedder | None:
        """What turns texts into vectors; None: nothing does.

        Raises:
            EmbeddingError: the settings name one that cannot be used.
        """
        told = self.settings.embeddings
        endpoint = EndpointOptions(told.url, told.name, told.api_key.get_secret_value())
        options = EmbeddingOptions(told.model, told.folder, endpoint)
        return open_embedder(options, self.settings.environ)

    def embed(self) -> EmbedReport | None:
        """Make vectors for new papers, for a bounded time; None: that is off."""
        try:
            embedder = self.embedder
        except EmbeddingError as error:
            return EmbedReport(0, 0, str(error))
        if embedder is None:
            return None
        return embed_missing(self.store, embedder, seconds=self.settings.embeddings.seconds)

    def summarise(self) -> SummaryReport | None:
        """Have a language model say a sentence on each new paper; None: that is off."""
        told = self.settings.summaries
        key = told.api_key.get_secret_value()
        options = SummaryOptions(told.url, told.name, key, told.seconds, told.papers)
        return summarise_missing(self.store, options)

    def learn_likes(self) -> int | None:
        """Learn from all readers' likes, at most once a day; None: that was not done."""
        return learn_likes(self.store, self.clock())

    def standing(self) -> Standing:
        """Tell how feeds, papers, subscribers and deliveries stand."""
        return standing(self.store, self.enabled_feeds, self.clock(), model=self._model)

    async def refresh_counts(self) -> None:
        """Read the feeds again whose counts are too old for an edition."""
        max_age = timedelta(minutes=self.settings.edition.popularity_minutes)
        states = {state.feed: state for state in self.store.feeds.states()}
        feeds = with_old_counts(self.enabled_feeds, states, max_age, self.clock())
        if feeds:
            async with self.collector() as collector:
                await refresh(collector, feeds)

    def restore(self, source: Path | None) -> Restored:
        """Go on with a backup of the database, without sending what may have been sent since.

        Args:
            source: what `digest backup` made; None: it is in its place already.

        Raises:
            StoreError: it cannot be put in place.
        """
        now = self.clock()
        moved = restore_store(self.settings.database_url, source, now) if source else None
        left = self._departures_of(moved, now) if moved else 0
        expired, unknown = self.store.end_what_waits(now)
        self.store.runs.finish(self.store.runs.start("restore", now), now, {})
        return Restored(moved, expired, unknown, left)

    def _departures_of(self, moved: Path, now: datetime) -> int | None:
        try:
            with open_store(f"sqlite:///{moved}") as old:
                return self.subscriptions.carry_departures(old, now)
        except StoreError:  # it is damaged, and that is why a backup was wanted
            return None

    def publisher(self, *, collect: bool = True) -> Publisher:
        """A publisher over all channels.

        Args:
            collect: whether counts that are too old are read again before editions are made.
        """
        delivery, edition = self.settings.delivery, self.settings.edition
        return Publisher(
            self.store,
            renderer=self.renderer,
            channels=self.channels,
            feeds=self.enabled_feeds,
            options=PublishOptions(
                delivery.unknown,
                timedelta(hours=delivery.freshness_hours),
                keep_days=edition.keep_days,
                linker=self.linker,
            ),
            edition_options=self.edition_options,
            clock=self.clock,
            refresh=self.refresh_counts if collect and edition.popularity_minutes else None,
        )


def _way_in(account: SmtpAccountSettings) -> dict[str, Any]:
    """Return what it takes to get into a mail server."""
    return {
        "host": account.host,
        "port": account.usual_port,
        "tls": Tls(account.tls),
        "username": account.username,
        "password": account.password.get_secret_value(),
        "ca_file": account.ca_file,
        "client_cert": account.client_cert,
        "client_key": account.client_key,
    }
