"""Every error that Digest raises on purpose.

::

    DigestError                 anything a caller may want to show as one line
    ├── UsageError              wrong use of a command                         (exit code 2)
    ├── ConfigError             settings that cannot be used                   (exit code 2)
    │   └── ProfileError        a profile that cannot be used
    ├── LibraryError            a reference library that cannot be read         (exit code 2)
    ├── SourceError             one feed or capture failed; the others go on
    │   ├── FetchError          no usable answer came from the feed
    │   └── ParseError          the answer is not what the source should say
    ├── StoreError              the database cannot be opened, read or written
    ├── QueueError              workers cannot be told what to do; the ledger knows it all
    ├── RenderError             an edition could not be rendered
    ├── EmbeddingError          texts could not be embedded; everything works without
    ├── SummaryError            no sentence could be had of a language model; the same
    ├── AddressError            not an address that mail can be sent to
    └── DeliveryError           a channel cannot deliver at all (one recipient's trouble is
                                an Outcome, not an error)

Each message is one sentence or two that say what failed, where, and what to do; it names its
feed, file, paper or address, and the cause stays chained. None carries an HTTP status or a
secret.
"""

from collections.abc import Mapping


class DigestError(Exception):
    """Base of all errors raised on purpose; ``str()`` is fit for an operator's eyes."""

    exit_code = 1


class UsageError(DigestError):
    """A command was used wrongly: an unknown name, a missing file, options that contradict."""

    exit_code = 2


class ConfigError(DigestError):
    """Settings cannot be used; the message lists every problem that was found."""

    exit_code = 2


class ProfileError(ConfigError):
    """A profile cannot be used; the message lists every problem that was found.

    Args:
        message: all of them on one line.
        problems: each by its place in the profile, where they are known apart.
    """

    def __init__(self, message: str, problems: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.problems = dict(problems or {})


class LibraryError(DigestError):
    """A reference library cannot be read at all; its single items have problems, not errors."""

    exit_code = 2


class SourceError(DigestError):
    """One feed or capture failed."""


class FetchError(SourceError):
    """No usable answer came from a feed.

    Args:
        message: what failed, where, and what to do.
        retry_after: seconds the server asked us to wait, if it did.
        absent: there is nothing at this address, perhaps only for now.
        permanent: the feed is gone for good; asking again is pointless.
    """

    def __init__(
        self,
        message: str,
        *,
        retry_after: float | None = None,
        absent: bool = False,
        permanent: bool = False,
    ) -> None:
        super().__init__(message)
        self.absent = absent
        self.retry_after = retry_after
        self.permanent = permanent


class ParseError(SourceError):
    """A response or capture is not what its source should say."""


class StoreError(DigestError):
    """The database cannot be opened, read or written."""


class QueueError(DigestError):
    """Workers cannot be told what there is to do; the ledger knows, and the next tick tells."""


class RenderError(DigestError):
    """An edition could not be rendered."""


class EmbeddingError(DigestError):
    """Texts could not be embedded; ranking goes on without that term."""


class SummaryError(DigestError):
    """No sentence could be had from a language model; everything works without."""


class AddressError(DigestError):
    """Not an address that mail can be sent to."""

    exit_code = 2


class DeliveryError(DigestError):
    """A channel cannot deliver at all: no server, login refused, no certificate, no folder.

    Args:
        message: what failed, where, and what to do.
        lasting: somebody has to mend it; trying again in a moment is pointless, or harmful.
    """

    def __init__(self, message: str, *, lasting: bool = False) -> None:
        super().__init__(message)
        self.lasting = lasting
