"""Summaries: one sentence on a paper by a language model of the operator's choice; off by default.

Any server does that speaks as OpenAI's: ``POST /v1/chat/completions``
(https://platform.openai.com/docs/api-reference/chat/create). What it says is never trusted: it is
one line of bounded length, without addresses, and is shown as written by a machine. An abstract may
try to talk to the model; the worst that can come of it is a silly sentence.
"""

import re
from dataclasses import dataclass, field
from typing import Any

import httpx2

from digest.errors import SummaryError
from digest.text import collapse, cut

MAX_SENTENCE = 300
_MAX_ABSTRACT = 4_000
_MAX_ANSWER = 200_000  # bytes
_ADDRESS = re.compile(r"://|www\.|@\w", re.IGNORECASE)
_ASKED = (
    "You summarise research papers. Answer with one plain English sentence of at most 30 words that"
    " says what the paper found. Use only what the abstract says; no opinion, no markup."
)


@dataclass(frozen=True, slots=True)
class SummaryOptions:
    """Where to ask, and how much.

    Attributes:
        url: of the API, like ``http://localhost:11434/v1``; empty: nothing is asked.
        model: as the server calls it.
        api_key: empty: none is sent.
        seconds: start no further paper after so long, in one collection.
        papers: at most so many in one collection, the newest first.
        timeout: seconds for an answer.
    """

    url: str = ""
    model: str = ""
    api_key: str = field(default="", repr=False)
    seconds: float = 120.0
    papers: int = 200
    timeout: float = 30.0

    @property
    def is_on(self) -> bool:
        """Whether anything is asked."""
        return bool(self.url and self.model)


class Summariser:
    """A server with a language model. Close it, or use it as a context manager."""

    def __init__(self, options: SummaryOptions) -> None:
        self._model = options.model
        self._url = options.url.rstrip("/").removesuffix("/chat/completions") + "/chat/completions"
        headers = {"authorization": f"Bearer {options.api_key}"} if options.api_key else {}
        self._client = httpx2.Client(timeout=options.timeout, headers=headers, trust_env=False)

    def __enter__(self) -> "Summariser":
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def sentence(self, title: str, abstract: str) -> str:
        """Return a sentence on a paper; empty: the answer is of no use.

        Raises:
            SummaryError: the server gave no answer.
        """
        asked = {
            "model": self._model,
            "temperature": 0,
            "max_tokens": 120,
            "messages": [
                {"role": "system", "content": _ASKED},
                {"role": "user", "content": f"{title}\n\n{abstract[:_MAX_ABSTRACT]}"},
            ],
        }
        try:
            answer = self._client.post(self._url, json=asked)
            answer.raise_for_status()
            told = answer.json() if len(answer.content) <= _MAX_ANSWER else None
        except httpx2.HTTPStatusError as error:
            status = f"{error.response.status_code} {error.response.reason_phrase}"
            raise SummaryError(f"{self._url} answered {status}") from error
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError, RecursionError) as error:
            said = str(error) or type(error).__name__
            raise SummaryError(f"{self._url} gave no usable answer: {said}") from error
        return _usable(told)


def _usable(told: Any) -> str:
    """Return the sentence in an answer; empty: there is none that can be shown."""
    try:
        said = told["choices"][0]["message"]["content"]
    except (KeyError, IndexError, TypeError):
        return ""
    if not isinstance(said, str) or _ADDRESS.search(said):
        return ""
    return cut(collapse(said[: MAX_SENTENCE * 4]), MAX_SENTENCE)
