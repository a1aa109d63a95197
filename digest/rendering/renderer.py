"""The only home of jinja2, css_inline and markdown: fills the templates of an edition."""

import re
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import css_inline
import jinja2
import nh3
from markdown import markdown
from markupsafe import Markup

from digest import resources
from digest.errors import RenderError
from digest.models import Edition, Rendering
from digest.rendering import cards, fitting
from digest.rendering.escaping import (
    Markdown,
    clean,
    escape_markdown,
    fold_html,
    markdown_link,
    wrap,
)
from digest.rendering.words import SEPARATOR

# Gmail clips a message at about 102 KB and hides what stands at its end: the footer.
MAX_HTML = 90_000

_NOTE_TAGS = {"p", "a", "em", "strong", "code", "ul", "ol", "li", "br"}
_AROUND_LINE_END = re.compile(r"\s*\n\s*")
_TRAILING_SPACES = re.compile(r"[ \t]+$", re.MULTILINE)
_BLANK_LINES = re.compile(r"\n{3,}")


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

    Raises:
        RenderError: a template is missing or is not valid.
    """

    def __init__(self, options: RenderOptions) -> None:
        self._options = options
        self._html = self._template("edition.html.j2")
        self._text = self._template("edition.txt.j2")
        self._markdown = self._template("edition.md.j2", escape_markdown)
        self._note_html = _note_html(options.note)
        self._inliner = css_inline.CSSInliner(load_remote_stylesheets=False, minify_css=True)

    def render(self, edition: Edition, links: Links) -> Rendering:
        """Return an edition as people read it; the same input gives the same bytes.

        The HTML is at most `MAX_HTML` bytes: the last papers are told more briefly until it
        is. Its lines are at most 998 bytes, for mail.

        Raises:
            RenderError: a template failed; the message names it and the line.
        """
        view = cards.page(
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
        html, fitted = self._fitting_html(view)
        # Spam filters mind a mail whose two parts say different things.
        both_cut = fitted.omitted and fitted.view
        return Rendering(
            subject=view.subject,
            html=html,
            text=self._plain(self._text, view),
            markdown=self._plain(self._markdown, view),
            alternative=self._plain(self._text, fitted) if both_cut else "",
        )

    def _fitting_html(self, view: cards.Page) -> tuple[str, cards.Page]:
        """Return the HTML with as few papers shortened as the size asks for, and what it shows."""
        html = self._mail_html(view)
        if len(html.encode()) <= MAX_HTML:
            return html, view
        tried: dict[int, tuple[str, cards.Page]] = {}

        def fits(steps: int) -> bool:
            shown = cards.shortened(view, steps)
            tried[steps] = self._mail_html(shown), shown
            return len(tried[steps][0].encode()) <= MAX_HTML

        steps = fitting.fewest_steps(view, len(html.encode()) - MAX_HTML, fits)
        if steps not in tried:
            fits(steps)
        return tried[steps]

    def _mail_html(self, view: cards.Page) -> str:
        filled = self._fill(self._html, view, self._note_html)
        inlined = self._inliner.inline(_AROUND_LINE_END.sub("\n", filled))
        return fold_html(inlined.strip()) + "\n"

    def _plain(self, template: jinja2.Template, view: cards.Page) -> str:
        note = self._options.note.strip()
        filled = self._fill(template, view, Markdown("\n".join(map(str.rstrip, note.splitlines()))))
        return _BLANK_LINES.sub("\n\n", _TRAILING_SPACES.sub("", filled)).strip() + "\n"

    def _template(
        self, name: str, finalize: Callable[[object], str] | None = None
    ) -> jinja2.Template:
        environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(self._options.templates),
            autoescape=jinja2.select_autoescape(["html.j2"]),
            undefined=jinja2.StrictUndefined,
            finalize=finalize,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.filters |= {
            "link": markdown_link,
            "wrap": wrap,
            "clean": clean,
            "ready": Markdown,  # what a macro made is escaped already
        }
        try:
            return environment.get_template(name)
        except jinja2.TemplateError as error:
            raise self._error(name, error) from error

    def _fill(self, template: jinja2.Template, view: cards.Page, note: str) -> str:
        try:
            return template.render(
                page=view, note=note, separator=SEPARATOR, gettext=view.words.gettext
            )
        except Exception as error:  # A template is the operator's program: it may do anything.
            raise self._error(template.name or "", error) from error

    def _error(self, name: str, error: Exception) -> RenderError:
        """Return the error for the operator, naming the place in the template that failed."""
        folder = self._options.templates
        if isinstance(error, jinja2.TemplateNotFound):
            return RenderError(
                f"the template {error.name!r} is missing from {folder}: put it back, or point the"
                " templates folder to a full copy of the shipped one"
            )
        line: int | None = None
        if isinstance(error, jinja2.TemplateSyntaxError):
            name, line = error.name or name, error.lineno
        else:
            for frame in traceback.extract_tb(error.__traceback__):
                if frame.filename.endswith(".j2"):
                    name, line = Path(frame.filename).name, frame.lineno
        where = f"{name} line {line}" if line else name
        return RenderError(
            f"the template {where} in {folder} failed ({clean(str(error))}): mend that line, or"
            " restore the shipped template"
        )


def _note_html(note: str) -> Markup:
    """Return the operator's note as HTML that may stand in a mail."""
    if not note.strip():
        return Markup()
    cleaned = nh3.clean(
        markdown(note), tags=_NOTE_TAGS, url_schemes={"http", "https", "mailto"}, link_rel=None
    )
    return Markup(cleaned)  # noqa: S704 - nh3 has just cleaned it
