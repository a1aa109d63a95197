"""Returns: mails that came back change who is mailed, if they are what they say.

::

    for each mail:  read it -> find the signed return path -> note it -> suppress, or not

Whose mail it was is told by the signature in the return path alone. Whatever carries none, or
one of another address, changes nothing.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from digest.delivery.bounces import Returned, ReturnKind, read_return
from digest.models import SubscriberState
from digest.store import Bounce, SoftLimit, Store
from digest.tokens import Purpose, Tokens

_REASONS = {
    ReturnKind.HARD: "there is no such mailbox",
    ReturnKind.COMPLAINT: "its reader called a mail spam",
    ReturnKind.SOFT: "mails came back too often",
}
_NOTED = {ReturnKind.HARD, ReturnKind.SOFT, ReturnKind.COMPLAINT, ReturnKind.OURS}


@dataclass(slots=True)
class ReturnsReport:
    """What was read.

    Attributes:
        counts: mails by what came of them: `hard`, `soft`, `complaint`, `ours`, `delayed`,
            `automatic`, `unsubscribe`, `other`; `unsigned`: a report without our signature;
            `known`: read before.
        suppressed: how many addresses are not mailed any more.
        about_us: what servers say that refuse us, each once.
    """

    counts: Counter[str] = field(default_factory=Counter)
    suppressed: int = 0
    unsubscribed: int = 0
    about_us: dict[str, None] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """How many mails were read."""
        return self.counts.total()


def take_returns(
    store: Store,
    tokens: Tokens,
    mails: Iterable[bytes],
    limit: SoftLimit,
    now: datetime,
) -> ReturnsReport:
    """Read mails that came back; return what they were.

    Args:
        store: where bounces and suppressions are kept.
        tokens: tell our return paths from forged ones.
        mails: their bytes; hostile.
        limit: after how many soft bounces an address is given up.
        now: the present instant.
    """
    report = ReturnsReport()
    for raw in mails:
        report.counts[_take(store, tokens, raw, limit, now, report=report)] += 1
    return report


def _take(
    store: Store,
    tokens: Tokens,
    raw: bytes,
    limit: SoftLimit,
    now: datetime,
    *,
    report: ReturnsReport,
) -> str:
    """Let one mail have its effect; return what it was."""
    found = read_return(raw)
    if found.kind is ReturnKind.UNSUBSCRIBE:
        done = _unsubscribe(store, tokens, found.request, now)
        report.unsubscribed += done
        return found.kind.value if done else "unsigned"
    if found.kind not in _NOTED:
        return found.kind.value
    who = _owner(store, tokens, found)
    if who is None:
        return "unsigned"
    print_ = hashlib.sha256(raw).hexdigest()
    bounce = Bounce(print_, who, found.kind.value, found.status, found.detail)
    if not store.bounces.note(bounce, now):
        return "known"
    if found.kind is ReturnKind.OURS:
        report.about_us[found.detail] = None
    elif found.kind is not ReturnKind.SOFT or store.bounces.is_given_up(who, limit, now):
        why = f"{_REASONS[found.kind]} ({found.status or found.kind}: {found.detail})"
        report.suppressed += store.bounces.suppress(who, why, now)
    return found.kind.value


def _owner(store: Store, tokens: Tokens, found: Returned) -> int | None:
    """Return whose mail came back; None: no return path in it is signed for its address."""
    for token in found.tokens:
        who = store.bounces.owner(int(token.partition("-")[0]))
        if who is not None and tokens.is_bounce(token, who[1]):
            return who[0]
    return None


def _unsubscribe(store: Store, tokens: Tokens, token: str, now: datetime) -> bool:
    claim = tokens.read(token, Purpose.UNSUBSCRIBE, now)
    who = store.people.by_id(claim.subscriber_id) if claim else None
    if claim is None or who is None or who.link_generation != claim.generation:
        return False
    store.people.set_state(who.address, SubscriberState.UNSUBSCRIBED, now)
    return True
