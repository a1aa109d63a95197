"""Which addresses we send to: a strict reading, at our own border.

The SMTP library lets through lists, doubled at-signs and line ends, so nothing reaches it
that was not checked here. Sources: RFC 5321 4.1.2 and 4.5.3.1, RFC 5322 3.4.1, RFC 5890.
"""

import re
from functools import lru_cache

from digest.errors import AddressError
from digest.text import collapse, cut

MAX_LOCAL = 64
MAX_ADDRESS = 254  # a path of 256 octets holds the address and two angle brackets
MAX_NAME = 100

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_MAILBOX = re.compile(r"(?P<name>[^<>]*)<(?P<address>[^<>]*)>")
_SHAPE_PROBLEMS = (
    (re.compile(r"\A\Z"), "it is empty"),
    (_CONTROL, "it holds a control character or line end"),
    (re.compile(r"[,;]"), "one address is wanted, not a list"),
    (re.compile(r"[<>]"), "give the bare address, without name and angle brackets"),
    (re.compile(r"\s"), "it holds a space"),
    (re.compile(r"\A[^@]*\Z|@[^@]*@"), "it needs exactly one @"),
)
# The standard library knows IDNA 2003 only, where these four mean another domain than today.
_IDNA_DEVIATIONS = re.compile("[\u00df\u03c2\u200c\u200d]")


@lru_cache(maxsize=64)  # one mail has its recipient looked at more than once
def validate(address: str) -> str:
    """Return the address in the one form we store and send: domain in lower case ASCII.

    An internationalised domain is turned to its ``xn--`` form. Not accepted, though RFC 5321
    allows them: quoted local parts and domains that are an IP address in brackets.

    Raises:
        AddressError: this is not one address; the message says what is wrong with it.
    """
    given = address.strip(" \t")
    if problem := _shape_problem(given):
        raise AddressError(f"{_shown(address)} is not a mail address: {problem}")
    local, _, domain = given.rpartition("@")
    domain = _ascii_domain(domain, given)
    if problem := _local_problem(local) or _domain_problem(domain):
        raise AddressError(f"{_shown(address)} is not a mail address: {problem}")
    normalised = f"{local}@{domain}"
    if len(normalised) > MAX_ADDRESS:
        raise AddressError(
            f"{_shown(address)} is not a mail address: it is longer than {MAX_ADDRESS} characters"
        )
    return normalised


def parse_mailbox(text: str) -> tuple[str, str]:
    """Return (name, address) of ``Digest <digest@example.org>`` or of a bare address.

    Raises:
        AddressError: it is neither.
    """
    if _CONTROL.search(text):
        raise AddressError(f"{_shown(text)} holds a control character or line end; remove it")
    found = _MAILBOX.fullmatch(text.strip())
    if not found:
        return "", validate(text)
    return cut(collapse(found["name"]).strip('"'), MAX_NAME), validate(found["address"])


def _shown(text: str) -> str:
    return repr(cut(text, 80))


def _shape_problem(given: str) -> str | None:
    """Say what rules text out as one address, before its two sides are looked at."""
    return next((problem for rule, problem in _SHAPE_PROBLEMS if rule.search(given)), None)


def _local_problem(local: str) -> str | None:
    if not local:
        return "nothing stands before the @"
    if not local.isascii():
        return (
            "letters outside ASCII before the @ are not supported yet, "
            "as few mail servers take them (SMTPUTF8)"
        )
    if '"' in local:
        return "quotes before the @ are not supported"
    if len(local) > MAX_LOCAL:
        return f"more than {MAX_LOCAL} characters stand before the @"
    if not _LOCAL.fullmatch(local):
        return (
            "before the @ only letters, digits, !#$%&'*+-/=?^_`{|}~ "
            "and single dots between them may stand"
        )
    return None


def _ascii_domain(domain: str, given: str) -> str:
    if domain.isascii():
        return domain.lower()
    if _IDNA_DEVIATIONS.search(domain):
        raise AddressError(f"{_shown(given)}: write the domain in its xn-- form, it can mean two")
    try:
        return domain.encode("idna").decode("ascii").lower()
    except UnicodeError as error:
        raise AddressError(
            f"{_shown(given)} is not a mail address: its domain is not a possible name"
        ) from error


def _domain_problem(domain: str) -> str | None:
    if not domain:
        return "nothing stands after the @"
    if domain.startswith("["):
        return "a domain name is wanted after the @, not an IP address"
    labels = domain.split(".")
    if not all(_LABEL.fullmatch(label) for label in labels):
        return f"{_shown(domain)} is not a domain name"
    if labels[-1].isdigit():
        return "a domain name is wanted after the @, not an IP address"
    if len(labels) == 1 and domain != "localhost":
        return f"the domain {domain} has no dot; its end is missing, like .org"
    return None
