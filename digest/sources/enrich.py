"""What authors say of their own work in passing: where it was accepted, where its code is.

Nobody is asked; abstract and comment are read. A wrong venue or another's repository does more
harm than none, so every rule wants it said plainly and gives way to any word of doubt.
"""

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from digest.models import Entry
from digest.sources.base import MAX_ABSTRACT
from digest.sources.common import web_url

# Nothing that belongs to a longer address: a path in an archive, a parameter, another host.
_START = r"(?<![\w.@/=%-])(?:https?://)?(?:www\.)?"
# What may follow an address; "tool++" is then no "tool".
_END = r"(?=[\s/,;:!?#)\]{}>'\"’”$\\]|\.(?!\w)|$)"
_NAME = r"[\w.-]*\w"
_REPOSITORY = re.compile(
    rf"{_START}((?:github\.com|gitlab\.com|codeberg\.org)/([\w-]+)/{_NAME}){_END}", re.I | re.A
)
_PAGE = re.compile(
    rf"{_START}([a-z\d-]+\.(?:github|gitlab)\.io(?:/[\w.~/-]*[\w/])?){_END}", re.I | re.A
)
_HUB = re.compile(
    rf"{_START}(huggingface\.co/(?:datasets/|spaces/)?([\w-][\w.-]*)/{_NAME}){_END}", re.I | re.A
)
# First parts of addresses there that are nobody's name.
_NOBODY = frozenset((
    "about", "api", "apps", "blog", "changelog", "chat", "collections", "contact",
    "customer-stories", "datasets", "docs", "enterprise", "events", "explore", "features",
    "issues", "join", "learn", "login", "marketplace", "models", "new", "notifications",
    "orgs", "organizations", "papers", "posts", "pricing", "privacy", "pulls", "readme",
    "search", "security", "settings", "site", "spaces", "sponsors", "tasks",
    "terms-of-service", "topics", "trending", "users",
))  # fmt: skip
_OWN = re.compile(
    r"\b(?:codes?|codebase|implement\w*|software|open[- ]?sourc\w*|releas\w*|availab\w*|accessible|"
    r"repositor\w*|website|home ?page|resources?|project|demos?|datasets?|models?|toolkit|package|library|found|see|visit)\b",
    re.I,
)
_OTHERS = re.compile(
    r"\b(?:based on|buil[dt]s? (?:up)?on|using|uses?|such as|e\.g\.|like|fork(?:ed)? (?:of|from)|"
    r"adapted from|taken from|derived from|official (?:code|implementation) of|baselines?|"
    r"provided by|thanks to|compared? (?:to|with))\W+(?:\w+\W+){0,3}$",
    re.I,
)
_LOOKED_BACK = 120
_SENTENCE_END = re.compile(r"(?:(?<!etc)[.!?;]|\s\|)(?:\s+|$)")

_ACRONYMS = (
    "3DV|AAAI|AACL|ACCV|ACL|ACML|AISTATS|ASE|ASPLOS|BMVC|CAV|CCS|CHI|CIKM|COLING|COLM|COLT|CSCW|"
    "CVPR|CoLLAs|CoNLL|CoRL|DAC|EACL|ECCV|ECIR|ECML|EMBC|EMNLP|FAccT|FOCS|FSE|HPCA|ICALP|ICASSP|"
    "ICCV|ICDE|ICIP|ICLR|ICME|ICML|ICMR|ICPR|ICRA|ICSE|ICST|IJCAI|IJCNN|INTERSPEECH|IROS|ISBI|"
    "ISCA|ISSTA|Interspeech|KDD|LICS|LREC|MICCAI|MICRO|MIDL|MLSys|NAACL|NDSS|NIPS|NSDI|NeurIPS|"
    "OSDI|PLDI|POPL|RecSys|SIGCOMM|SIGGRAPH Asia|SIGGRAPH|SIGIR|SIGMOD|SODA|SOSP|STOC|TheWebConf|"
    "UAI|UIST|USENIX Security|VLDB|WACV|WSDM|WWW"
)
_CONFERENCE = re.compile(
    rf"(?<![\w-])({_ACRONYMS})(-?W|F)?\b(?:[(),\s]+(?:Findings|Main|Workshops?))?"
    r"(?:[(),\s]*[\s(),-]((?:19|20)\d\d)|\s?['’-](\d\d))\b"
    rf"|(?<![\w-])({_ACRONYMS})((?:20)?\d\d)\b"
)
_ACCEPTED = re.compile(
    r"\b(?:accepted|published|presented|appear(?:s|ed|ing)?|camera[- ]ready)\b", re.I
)
# Looked for first, since most texts hold none of them, and it takes a tenth of the time.
_ACCEPTED_STEMS = ("accepted", "published", "presented", "appear", "camera")
_DOUBT = re.compile(
    r"submi(?:t|ss)|\b(?:under|in) (?:peer )?review\b|reject|withdr[ae]w|\bnot (?:yet )?accepted|"
    r"\b(?:extend(?:ed|s|ing)?|extension|earlier|preliminary|previous(?:ly)?|prior|short(?:er|ened)?|"
    r"abridged|initial|parts? of|based on|template|style|format|challenge|competition|winn\w+|"
    r"place|cup|solution|tutorial|benchmark|intended|(?:full|complete|long) version of)\b",
    re.I,
)
# Said anywhere in a comment, it takes away what a mere name of a conference would mean.
_PENDING = re.compile(r"\bsubmitted\b|\b(?:under|in) (?:peer )?review\b|\breject", re.I)
_BESIDE = re.compile(r"\bworkshops?\b|co-?located|in conjunction|@", re.I)
# "Accepted for publication in the Journal of Invented Results": names of several words.
_WORD = r"[A-Z][\w/&'’-]*"
_NAMED = re.compile(
    r"\b(?:[Aa]ccepted|[Pp]ublished|[Aa]ppear)\b(?: as an? [\w ]{1,30})?(?: (?:for (?:publication|presentation)|"
    r"to appear|and presented))? (?:at|by|in|to) (?:[Tt]he )?(?:[Pp]roceedings of )?(?:[Tt]he )?"
    rf"(?:\d{{1,4}}(?:st|nd|rd|th)? )?({_WORD}(?:,? (?:{_WORD}|of|on|in|and|for|the|&)){{1,20}})"
)
_KIND = re.compile(
    r"\b(?:Journal|Transactions|Conference|Symposium|Workshop|Letters|Annals|Magazine|Congress|"
    r"Annual Meeting)\b"
)
_LOOSE_END = re.compile(
    r"(?:,? (?:of|on|in|and|for|the|&|Jan\w*|Feb\w*|Mar|March|Apr\w*|May|Jun\w?|Jul\w?|Aug\w*|Sep\w*|"
    r"Oct\w*|Nov\w*|Dec\w*))+$"
)


def enriched(entry: Entry) -> Entry:
    """Return the entry with venue and addresses that its authors tell; what it has stays.

    Only http and https addresses are given, and only those of hosts that are known.
    """
    abstract, comment = entry.abstract[:MAX_ABSTRACT], entry.author_comment or ""
    if not comment and "/" not in abstract and not _speaks_of_acceptance(abstract):
        return entry
    found: dict[str, Any] = {
        "venue": entry.venue or venue(comment, abstract),
        "code_url": entry.code_url or _link(_REPOSITORY, abstract, comment),
        "project_url": entry.project_url
        or _link(_PAGE, abstract, comment)
        or _link(_HUB, abstract, comment),
    }
    changed = {name: value for name, value in found.items() if value != getattr(entry, name)}
    return replace(entry, **changed) if changed else entry


# ---------------------------------------------------------------- addresses


def _link(pattern: re.Pattern[str], abstract: str, comment: str) -> str | None:
    """Return the first address of the authors' own; an abstract must say that it is theirs."""
    found = (
        address
        for said, must_claim in ((abstract, True), (comment, False))
        for address in _own(pattern, said.replace(r"\_", "_"), must_claim=must_claim)
    )
    return next(found, None)


def _own(pattern: re.Pattern[str], said: str, *, must_claim: bool) -> Iterable[str]:
    for found in pattern.finditer(said):
        if found.re.groups > 1 and found[2].lower() in _NOBODY:
            continue
        before = said[max(0, found.start() - _LOOKED_BACK) : found.start()]
        sentence = _SENTENCE_END.split(before)[-1]
        if _OTHERS.search(sentence) or (must_claim and not _OWN.search(sentence)):
            continue
        if address := web_url("https://" + found[1].removesuffix(".git")):
            yield address


# ---------------------------------------------------------------- venues


def venue(comment: str, abstract: str = "") -> str | None:
    """Return where the work was accepted, like ``CVPR 2026 Findings``; None if not said plainly.

    A comment may just name a conference and its year; an abstract must speak of acceptance.
    """
    is_pending = _PENDING.search(comment)
    plain = [
        said
        for said in _SENTENCE_END.split(comment)
        if not _DOUBT.search(said) and (not is_pending or _ACCEPTED.search(said))
    ]
    found = [name for said in plain if (name := _conference(said))]
    found += [name for said in plain if (name := _named(said))]
    for said in _SENTENCE_END.split(abstract) if _speaks_of_acceptance(abstract) else ():
        accepted = _ACCEPTED.search(said)
        if accepted and not _DOUBT.search(said) and (name := _conference(said[accepted.start() :])):
            found.append(name)
    return next(iter(found), None)


def _speaks_of_acceptance(said: str) -> bool:
    lower = said.lower()
    return any(stem in lower for stem in _ACCEPTED_STEMS) and _ACCEPTED.search(said) is not None


def _conference(said: str) -> str | None:
    found = _CONFERENCE.search(said)
    if not found:
        return None
    acronym, suffix = found[1] or found[5], found[2] or ""
    year = found[3] or found[4] or found[6]
    if len(year) == 2:
        year = f"{'19' if year > '60' else '20'}{year}"
    name = f"{acronym} {year}"
    if suffix.endswith("W") or _BESIDE.search(said):
        return f"{name} Workshop"
    return f"{name} Findings" if suffix == "F" or re.search(r"\bfindings\b", said, re.I) else name


def _named(said: str) -> str | None:
    found = _NAMED.search(said)
    name = _LOOSE_END.sub("", found[1]) if found else ""
    return name if _KIND.search(name) else None
