"""RENDER: an edition as people read it, in HTML, plain text and Markdown.

::

    Edition ──cards──► Page (plain strings) ──templates──► html ──css_inline──► Rendering
                                                      ├──► text
                                                      └──► markdown

``cards`` makes every string the templates show, ``words`` holds the languages, ``excerpts``
shortens abstracts, ``escaping`` keeps hostile text from becoming structure. The templates
stand outside the package, in ``templates/``, and compute nothing.
"""

from digest.rendering.renderer import Links, Renderer, RenderOptions
from digest.rendering.words import reason_text

__all__ = ["Links", "RenderOptions", "Renderer", "reason_text"]
