"""Renders editions: from fragments that they share, or each by filling whole templates."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from time import monotonic

import css_inline
import jinja2
import nh3
import structlog
from markdown import markdown
from markupsafe import Markup

from digest import resources
from digest.models import Edition, Format, Piece, Rendering
from digest.rendering import cards, fitting, shortening
from digest.rendering.blocks import UnfitError, tidy
from digest.rendering.escaping import Markdown, escape_markdown, fold_html
from digest.rendering.shared import NotSharedError, Shared, SharedEdition
from digest.rendering.skeletons import AROUND_LINE_END
from digest.rendering.templating import Templates
from digest.rendering.whole import whole

# Gmail clips a message at about 102 KB and hides what stands at its end: the footer.
MAX_HTML = 90_000

_NOTE_TAGS = {"p", "a", "em", "strong", "code", "ul", "ol", "li", "br"}
ALL_FORMS = frozenset(Format)
_LOOK_SECONDS = 0.1  # so often at most the templates are looked at for changes
_CHECKED = 3  # editions after each change of the templates that are made both ways and compared

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class RenderOptions:
    """How editions look.

    Attributes:
        templates: the folder with ``edition.html.j2``, ``edition.txt.j2``, ``edition.md.j2``.
        title: name of the publication, in the heading and the subject.
        note: the operator's words to all readers, in Markdown, shown on top.
        abstract_sentences: how many sentences of each abstract to show; 0: none.
    """

    templates: Path = field(default_factory=lambda: resources.folder("templates"))
    title: str = "Digest"
    note: str = ""
    abstract_sentences: int = 3


@dataclass(frozen=True, slots=True)
class Links:
    """A reader's own addresses, http(s) or mailto; an empty one is not shown.

    Attributes:
        unsubscribe: to leave; manage: to change everything; archive: past editions.
        view: this edition in the browser.
        answers: by a paper's number, the page to answer on it; ``?answer=more`` (or another
            `AnswerKind`) chooses there what is said.
    """

    unsubscribe: str = ""
    manage: str = ""
    archive: str = ""
    view: str = ""
    answers: Mapping[int, str] = field(default_factory=dict)


class Renderer:
    """Turns editions into renderings, with templates that are read once.

    From the second edition on, what editions share is made once (`shared`), where the templates
    allow it; the outcome is the same.

    Raises:
        RenderError: a template is missing or is not valid.
    """

    def __init__(self, options: RenderOptions) -> None:
        self._options = options
        self._templates = Templates(options.templates)
        plain = self._templates.environment()
        self._html = self._templates.get(plain, "edition.html.j2")
        self._text = self._templates.get(plain, "edition.txt.j2")
        self._markdown = self._templates.get(
            self._templates.environment(escape_markdown), "edition.md.j2"
        )
        note = options.note.strip()
        self._note = Markdown("\n".join(map(str.rstrip, note.splitlines())))
        self._note_html = _note_html(options.note)
        self._inliner = css_inline.CSSInliner(load_remote_stylesheets=False, minify_css=True)
        self._lock = Lock()
        self._looked_at = 0.0
        self._stamp: tuple[tuple[str, int], ...] = ()
        self._shared: Shared | None = None
        self._made = 0  # editions since the templates were last changed

    def render(
        self, edition: Edition, links: Links, forms: Collection[Format] = ALL_FORMS
    ) -> Rendering:
        """Return an edition as people read it; the same input gives the same bytes.

        The HTML is at most `MAX_HTML` bytes: the last papers are told more briefly until it
        is. Its lines are at most 998 bytes, for mail.

        Args:
            edition: what was composed.
            links: its reader's own addresses.
            forms: those that are wanted; the others stay empty.

        Raises:
            RenderError: a template failed; the message names it and the line.
        """
        view = self._view(edition, links)
        with self._lock:
            rendering = self._render_shared(view, forms)
        return rendering or self._render_whole(whole(view), forms)

    def render_whole(self, edition: Edition, links: Links) -> Rendering:
        """Return the same as `render`, by filling all templates for this edition alone."""
        return self._render_whole(whole(self._view(edition, links)), ALL_FORMS)

    def _view(self, edition: Edition, links: Links) -> cards.Page:
        return cards.outline(
            edition,
            self._options.title,
            [
                ("view", links.view),
                ("archive", links.archive),
                ("manage", links.manage),
                ("unsubscribe", links.unsubscribe),
            ],
            self._options.abstract_sentences,
            links.answers,
        )

    # ------------------------------------------------------------ from shared fragments

    def _render_shared(self, view: cards.Page, forms: Collection[Format]) -> Rendering | None:
        """Return a rendering made of shared fragments; None: it is to be made whole."""
        self._refresh()
        self._made += 1
        if self._made == 1 or self._shared is None:  # one alone would share nothing
            return None
        try:
            made = self._put_together(self._shared.edition(view), view, forms)
            if self._made <= _CHECKED + 1 and made != self._render_whole(whole(view), forms):
                raise NotSharedError("the outcome is another one")
        except NotSharedError as error:
            log.warning("templates are filled whole for each edition", reason=str(error))
            self._shared = None
            return None
        except UnfitError:
            return None
        return made

    def _refresh(self) -> None:
        """Forget what was made of templates that have changed since."""
        now = monotonic()
        if now - self._looked_at < _LOOK_SECONDS:
            return
        self._looked_at, stamp = now, self._templates.stamp()
        if stamp != self._stamp:
            notes = {"html": self._note_html, "txt": self._note}
            self._shared = Shared(self._templates, self._styled, notes)
            self._stamp, self._made = stamp, 0

    def _put_together(
        self, shared: SharedEdition, view: cards.Page, forms: Collection[Format]
    ) -> Rendering:
        pieces: dict[str, Sequence[Piece]] = {}
        steps = 0
        if Format.HTML in forms:
            pieces["html"], steps = shared.html(MAX_HTML)
        if Format.TEXT in forms:
            pieces["text"] = shared.text()
            if steps and view.view and shortening.is_cut(view, steps):
                pieces["alternative"] = shared.text(steps)
        if Format.MARKDOWN in forms:
            markdown = self._plain(self._markdown, whole(view))
            pieces |= Rendering.of("", markdown=markdown).pieces
        return Rendering(view.subject, pieces)

    # ------------------------------------------------------------ whole

    def _render_whole(self, view: cards.Page, forms: Collection[Format]) -> Rendering:
        html, fitted = self._fitting_html(view) if Format.HTML in forms else ("", view)
        # Spam filters mind a mail whose two parts say different things.
        both_cut = fitted.omitted and fitted.view and Format.TEXT in forms
        return Rendering.of(
            view.subject,
            html=html,
            text=self._plain(self._text, view) if Format.TEXT in forms else "",
            markdown=self._plain(self._markdown, view) if Format.MARKDOWN in forms else "",
            alternative=self._plain(self._text, fitted) if both_cut else "",
        )

    def _fitting_html(self, view: cards.Page) -> tuple[str, cards.Page]:
        """Return the HTML with as few papers shortened as the size asks for, and what it shows."""
        html = self._mail_html(view)
        if len(html.encode()) <= MAX_HTML:
            return html, view
        tried: dict[int, tuple[str, cards.Page]] = {}

        def fits(steps: int) -> bool:
            shown = shortening.shortened(view, steps)
            tried[steps] = self._mail_html(shown), shown
            return len(tried[steps][0].encode()) <= MAX_HTML

        steps = fitting.fewest_steps(view, len(html.encode()) - MAX_HTML, fits)
        if steps not in tried:
            fits(steps)
        return tried[steps]

    def _mail_html(self, view: cards.Page) -> str:
        filled = self._templates.fill(self._html, view, view.words, self._note_html)
        return fold_html(self._styled(AROUND_LINE_END.sub("\n", filled)).strip()) + "\n"

    def _styled(self, html: str) -> str:
        return self._inliner.inline(html)

    def _plain(self, template: jinja2.Template, view: cards.Page) -> str:
        return tidy(self._templates.fill(template, view, view.words, self._note)).strip() + "\n"


def _note_html(note: str) -> Markup:
    """Return the operator's note as HTML that may stand in a mail."""
    if not note.strip():
        return Markup()
    cleaned = nh3.clean(
        markdown(note), tags=_NOTE_TAGS, url_schemes={"http", "https", "mailto"}, link_rel=None
    )
    return Markup(cleaned)  # noqa: S704 - nh3 has just cleaned it
