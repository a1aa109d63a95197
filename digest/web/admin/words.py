"""What states are called on the operator's pages."""

from digest.models import DeliveryState, SubscriberState
from digest.pipeline.conditions import Condition
from digest.store import Verdict
from digest.wording import Wording


def state_names(words: Wording) -> dict[DeliveryState, str]:
    """Return the states of deliveries, each with its name."""
    say = words.gettext
    return {
        DeliveryState.QUEUED: say("queued"),
        DeliveryState.TRANSMITTING: say("on its way"),
        DeliveryState.DEFERRED: say("deferred"),
        DeliveryState.UNKNOWN: say("outcome unknown"),
        DeliveryState.FAILED: say("failed"),
        DeliveryState.EXPIRED: say("expired"),
        DeliveryState.SENT: say("sent"),
        DeliveryState.SUPPRESSED: say("suppressed"),
        DeliveryState.SILENT: say("silent"),
    }


def subscriber_names(words: Wording) -> dict[SubscriberState, str]:
    """Return the states of subscribers, each with its name."""
    say = words.gettext
    return {
        SubscriberState.ACTIVE: say("active"),
        SubscriberState.PAUSED: say("paused"),
        SubscriberState.UNSUBSCRIBED: say("unsubscribed"),
        SubscriberState.PENDING: say("pending"),
    }


def condition_names(words: Wording) -> dict[Condition, str]:
    """Return how feeds may stand, each with its name."""
    say = words.gettext
    return {
        Condition.FINE: say("fine"),
        Condition.QUIET: say("quiet"),
        Condition.STALE: say("stale"),
        Condition.FAILING: say("failing"),
        Condition.REFUSED: say("refused"),
        Condition.UNREAD: say("not read yet"),
    }


def run_names(words: Wording) -> dict[str, str]:
    """Return the kinds of runs, each with its name."""
    say = words.gettext
    return {
        "publish": say("digests"),
        "restore": say("restore"),
        "likes": say("learning from likes"),
    }


def verdict_names(words: Wording) -> dict[Verdict, str]:
    """Return what may be decided on deliveries, as buttons say it."""
    say = words.gettext
    return {
        Verdict.SENT: say("It arrived"),
        Verdict.RESEND: say("Send once more"),
        Verdict.DROP: say("Give up"),
    }
