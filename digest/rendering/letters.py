"""Letters about a subscription: the same calm look as an edition, and no word of a stranger."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import css_inline
import jinja2

from digest.errors import RenderError
from digest.models import LetterKind, Rendering
from digest.rendering.escaping import clean, fold_html, wrap
from digest.rendering.renderer import RenderOptions
from digest.wording import Wording, wording

_AROUND_LINE_END = re.compile(r"\s*\n\s*")
_BLANK_LINES = re.compile(r"\n{3,}")


@dataclass(frozen=True, slots=True)
class LetterView:
    """All that the templates of a letter show.

    Attributes:
        preheader: what a mailbox shows beside the subject.
        link: where the button leads; empty: there is none.
        reason: why the letter came, and what to do if it should not have.
    """

    subject: str
    preheader: str
    heading: str
    paragraphs: tuple[str, ...]
    button: str
    link: str
    reason: str


class LetterWriter:
    """Turns what a letter is for into a rendering.

    Raises:
        RenderError: a template is missing or is not valid.
    """

    def __init__(self, options: RenderOptions) -> None:
        self._title = clean(options.title)
        environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(options.templates),
            autoescape=jinja2.select_autoescape(["html.j2"]),
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.filters["wrap"] = wrap
        try:
            self._html = environment.get_template("letter.html.j2")
            self._text = environment.get_template("letter.txt.j2")
        except jinja2.TemplateError as error:
            raise RenderError(
                f"the templates of letters in {options.templates} cannot be used ({error});"
                " restore the shipped ones"
            ) from error
        self._inliner = css_inline.CSSInliner(load_remote_stylesheets=False, minify_css=True)

    def write(self, kind: LetterKind, language: str, link: str) -> Rendering:
        """Return a letter.

        Args:
            kind: what it is for.
            language: of the letter; English for one that is not spoken here.
            link: where its button leads.

        Raises:
            RenderError: a template failed.
        """
        words = wording(language)
        return self._write(_view(kind, self._title, link, words), words)

    def report(self, matters: Sequence[str]) -> Rendering:
        """Return a letter to whoever runs the service, in English like all that it says to him.

        Args:
            matters: what needs him, each in a sentence or two.

        Raises:
            RenderError: a template failed.
        """
        count = f"{len(matters)} {'thing needs' if len(matters) == 1 else 'things need'} you"
        letter = LetterView(
            f"{self._title}: {count}",
            clean(matters[0]),
            count,
            tuple(clean(matter) for matter in matters),
            "",
            "",
            "You receive this mail because your address is `operator` in the settings. Each thing is"
            " told once; what lasts is told again after a day or a week. `digest status` tells how"
            " everything stands.",
        )
        return self._write(letter, wording("en"))

    def _write(self, letter: LetterView, words: Wording) -> Rendering:
        told = {
            "letter": letter,
            "title": self._title,
            "language": words.language,
            "gettext": words.gettext,
        }
        try:
            html, text = self._html.render(told), self._text.render(told)
        except jinja2.TemplateError as error:
            raise RenderError(f"a template of letters failed ({clean(str(error))})") from error
        inlined = self._inliner.inline(_AROUND_LINE_END.sub("\n", html))
        plain = _BLANK_LINES.sub("\n\n", text).strip() + "\n"
        html = fold_html(inlined.strip()) + "\n"
        return Rendering.of(letter.subject, html=html, text=plain, markdown=plain)


def _view(kind: LetterKind, title: str, link: str, words: Wording) -> LetterView:
    say = words.gettext
    ignore = say(
        "You receive this mail because somebody gave this address. If it was not you, do"
        " nothing: no other mail will follow."
    )
    match kind:
        case LetterKind.CONFIRM:
            return LetterView(
                say("%(title)s: please confirm your address", title=title),
                say("One click, and your first digest is on its way."),
                say("Please confirm your address"),
                (
                    say("You asked for a digest of new papers, made for you."),
                    say("It begins when you confirm. The link works once, for 48 hours."),
                ),
                say("Confirm"),
                link,
                ignore,
            )
        case LetterKind.READDRESS:
            return LetterView(
                say("%(title)s: please confirm your new address", title=title),
                say("Your digest moves here when you confirm."),
                say("Please confirm your new address"),
                (
                    say("Your digest is to come to this address from now on."),
                    say("It moves when you confirm. The link works once, for 48 hours."),
                ),
                say("Confirm"),
                link,
                ignore,
            )
        case LetterKind.LINKS:
            return LetterView(
                say("%(title)s: your subscription", title=title),
                say("Your own page is behind the button."),
                say("Your subscription"),
                (
                    say("This address is subscribed already, so there is nothing to confirm."),
                    say(
                        "On your own page you can change your interests, pause, or leave. Keep"
                        " this mail to yourself: whoever has the link can do the same."
                    ),
                ),
                say("Open my page"),
                link,
                say(
                    "You receive this mail because somebody asked for it with this address. If it"
                    " was not you, do nothing: nothing has changed."
                ),
            )
        case LetterKind.MOVED:
            return LetterView(
                say("%(title)s: your digest has moved", title=title),
                say("It goes to another address from now on."),
                say("Your digest has moved"),
                (
                    say("It goes to another address from now on, and not to this one any more."),
                    say(
                        "If this was not your wish, sign up again with this address, and tell"
                        " whoever runs the service."
                    ),
                ),
                "",
                "",
                say("You receive this mail because this was the address of a subscription."),
            )
