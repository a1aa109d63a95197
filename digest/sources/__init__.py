"""COLLECT and PARSE: where papers come from, and how each provider's answers are read.

A source names its requests and reads responses; it never fetches (``fetch`` does, ``worker``
runs the reading under limits). To add one: write a file with a `Source`, add its line here,
and put a fixture beside its expectation.
"""

from urllib.parse import urlsplit

from digest.errors import UsageError
from digest.sources.aitopics import AITopics
from digest.sources.arxiv import Arxiv
from digest.sources.arxivjp import ArxivJp
from digest.sources.base import Source
from digest.sources.biorxiv import BioRxiv
from digest.sources.generic import Generic
from digest.sources.huggingface import HuggingFace
from digest.sources.openreview import OpenReview
from digest.sources.semanticscholar import SemanticScholar

SOURCES: dict[str, Source] = {
    "arxiv": Arxiv(),
    "huggingface": HuggingFace(),
    "arxivjp": ArxivJp(),
    "aitopics": AITopics(),
    "biorxiv": BioRxiv(),
    "openreview": OpenReview(),
    "semanticscholar": SemanticScholar(),
    "generic": Generic(),
}


def source(name: str) -> Source:
    """Return the source of that name.

    Raises:
        UsageError: there is none; the message names those that there are.
    """
    try:
        return SOURCES[name]
    except KeyError:
        known = ", ".join(sorted(SOURCES))
        raise UsageError(f"no source is called {name!r}; the sources are {known}") from None


# Whose entries carry counts that grow while a paper is new: upvotes, comments.
_COUNTING = {"huggingface"}


def gives_popularity(name: str) -> bool:
    """Tell whether the entries of a source carry counts that are worth reading again."""
    return name in _COUNTING


# Whose addresses are told by their host; all others are read as generic feeds.
_HOSTS = {
    "arxiv.org": "arxiv",
    "huggingface.co": "huggingface",
    "arxiv.jp": "arxivjp",
    "aitopics.org": "aitopics",
    "biorxiv.org": "biorxiv",
    "medrxiv.org": "biorxiv",
    "openreview.net": "openreview",
    "semanticscholar.org": "semanticscholar",
}


def recognise(url: str) -> str:
    """Return the name of the source that an address belongs to."""
    host = urlsplit(url).hostname or ""
    return next(
        (name for known, name in _HOSTS.items() if host == known or host.endswith(f".{known}")),
        "generic",
    )
