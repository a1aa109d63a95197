"""RENDER: an edition as people read it, in HTML, plain text and Markdown.

::

    Edition ──cards──► Page (plain strings) ──templates──► html ──css_inline──► Rendering
                                                      ├──► text
                                                      └──► markdown

``letters`` are mails about a subscription; ``pages`` fills the templates of the web pages.

``cards`` makes every string the templates show, ``words`` holds the languages, ``excerpts``
shortens abstracts, ``escaping`` keeps hostile text from becoming structure. The templates
stand outside the package, in ``templates/``, and compute nothing.
"""

from digest.rendering.letters import LetterWriter
from digest.rendering.pages import Pages
from digest.rendering.renderer import Links, Renderer, RenderOptions
from digest.rendering.view import Listed
from digest.rendering.words import reason_text

__all__ = ["LetterWriter", "Links", "Listed", "Pages", "RenderOptions", "Renderer", "reason_text"]
