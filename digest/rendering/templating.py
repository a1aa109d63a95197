"""The templates of editions: read, filled, and what goes wrong with them told to their operator."""

import os
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jinja2

from digest.errors import RenderError
from digest.rendering.escaping import Markdown, clean, markdown_link, wrap
from digest.rendering.words import SEPARATOR
from digest.wording import Wording


class Templates:
    """A folder of templates."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def environment(
        self,
        finalize: Callable[[object], str] | None = None,
        instead: Mapping[str, str] | None = None,
    ) -> jinja2.Environment:
        """Return what reads the templates.

        Args:
            finalize: turns each value into what is shown.
            instead: sources of templates that take the place of those in the folder.
        """
        folder = jinja2.FileSystemLoader(self._folder)
        environment = jinja2.Environment(
            loader=jinja2.ChoiceLoader([jinja2.DictLoader(instead), folder]) if instead else folder,
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
        return environment

    def get(self, environment: jinja2.Environment, name: str) -> jinja2.Template:
        """Return a template.

        Raises:
            RenderError: it is missing or is not valid.
        """
        try:
            return environment.get_template(name)
        except jinja2.TemplateError as error:
            raise self._error(name, error) from error

    def fill(self, template: jinja2.Template, page: object, words: Wording, note: str) -> str:
        """Return a template filled.

        Raises:
            RenderError: the template failed.
        """
        try:
            return template.render(told(page, words, note))
        except Exception as error:  # A template is the operator's program: it may do anything.
            raise self._error(template.name or "", error) from error

    def stamp(self) -> tuple[tuple[str, int], ...]:
        """Return when each template was last changed."""
        found: list[tuple[str, int]] = []
        for folder in (self._folder, self._folder / "partials"):
            try:
                with os.scandir(folder) as files:
                    found += ((file.path, file.stat().st_mtime_ns) for file in files)
            except OSError:  # whoever fills the templates tells what is wrong
                continue
        return tuple(sorted(found))

    def _error(self, name: str, error: Exception) -> RenderError:
        """Return the error for the operator, naming the place in the template that failed."""
        folder = self._folder
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


def told(page: object, words: Wording, note: str) -> dict[str, Any]:
    """Return what all templates of an edition are given."""
    return {"page": page, "note": note, "separator": SEPARATOR, "gettext": words.gettext}
