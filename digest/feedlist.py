"""The list of feeds, as operators write it: a ``sources.toml``, changed in place, and OPML.

``config/sources.toml`` shows the form. Adding and removing keep all comments. OPML
(https://opml.org/spec2.opml) carries feeds to and from feed readers; what a feed reader does
not know (the source and its options) travels in attributes of our own.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree import ElementTree

import tomlkit
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from tomlkit.exceptions import TOMLKitError

from digest.errors import ConfigError, UsageError
from digest.profiles import describe, read_toml
from digest.sources import SOURCES, recognise
from digest.sources.base import Feed
from digest.text import collapse, cut

MAX_OPML = 5_000_000  # bytes
_NAMESPACE = "urn:research-digest:feeds"
# Names of options that may be attributes; the others are keys of the list itself.
_OPTION = re.compile(r"(?!(?:name|source|location|enabled)$)[a-z][a-z_]{0,30}")
_MAX_OPTION = 1_000


class _Table(BaseModel):
    """One ``[[feed]]``; keys not named here are options of its source."""

    model_config = ConfigDict(extra="allow")

    name: str = Field(min_length=1, max_length=100)
    source: str
    location: str = ""
    enabled: bool = True

    def feed(self, folder: Path) -> Feed:
        location = self.location
        if location and "://" not in location:
            location = str((folder / Path(location).expanduser()).resolve())
        options = {key: str(value) for key, value in (self.model_extra or {}).items()}
        return Feed(self.name, self.source, location, self.enabled, options)


def load(path: Path) -> list[Feed]:
    """Read the feeds of a list. Relative locations start at the file's folder.

    Raises:
        ConfigError: listing every problem.
    """
    values = read_toml(path, "list of feeds")
    problems = [f"{key}: is not a known key" for key in values if key != "feed"]
    feeds: dict[str, Feed] = {}
    tables = values.get("feed", [])
    if not isinstance(tables, list):
        raise ConfigError(f"the list of feeds {path} cannot be used: write [[feed]], not [feed]")
    for number, table in enumerate(tables, 1):
        try:
            feed = _Table.model_validate(table).feed(path.parent)
        except ValidationError as error:
            problems.append(f"feed {number}: {describe(error)}")
            continue
        if feed.source not in SOURCES:
            problems.append(f"{feed.name}: source {feed.source!r} is none of {', '.join(SOURCES)}")
        if feed.name in feeds:
            problems.append(f"{feed.name}: the name stands twice")
        feeds[feed.name] = feed
    if problems:
        raise ConfigError(f"the list of feeds {path} cannot be used: {'; '.join(problems)}")
    return list(feeds.values())


def add(path: Path, feeds: Iterable[Feed]) -> list[Feed]:
    """Add feeds at the end of a list; return those that were not in it yet.

    A feed of the same address is in it already. A name that is taken gets a number.

    Raises:
        ConfigError: the list cannot be used or written.
    """
    known = load(path)
    names = {feed.name for feed in known}
    places = {_place(feed) for feed in known}
    document = _document(path)
    added = []
    for feed in feeds:
        if _place(feed) in places:
            continue
        name = _free_name(feed.name, names)
        table = tomlkit.table()
        table.update({"name": name, "source": feed.source})
        if feed.location:
            table.add("location", feed.location)
        table.update(feed.options)
        table.add("enabled", feed.enabled)
        document.setdefault("feed", tomlkit.aot()).append(table)
        names.add(name)
        places.add(_place(feed))
        added.append(Feed(name, feed.source, feed.location, feed.enabled, feed.options))
    if added:
        _write(path, document)
    return added


def remove(path: Path, name: str) -> None:
    """Take a feed out of a list.

    Raises:
        UsageError: no feed of the list has this name.
        ConfigError: the list cannot be used or written.
    """
    names = [feed.name for feed in load(path)]
    if name not in names:
        raise UsageError(f"no feed is called {name!r}; known are {', '.join(names) or 'none'}")
    document = _document(path)
    del document["feed"][names.index(name)]
    _write(path, document)


def from_opml(data: bytes, where: str) -> list[Feed]:
    """Return the feeds of an OPML file; `where` names it in errors.

    Raises:
        ConfigError: it is no OPML, or too large.
    """
    if len(data) > MAX_OPML:
        raise ConfigError(f"{where} is larger than {MAX_OPML // 1_000_000} MB; that is no OPML")
    if b"<!ENTITY" in data:
        raise ConfigError(f"{where} declares entities, which no OPML needs; it is not read")
    try:
        root = ElementTree.fromstring(data)  # noqa: S314 - bounded, and without entities
    except ElementTree.ParseError as error:
        raise ConfigError(f"{where} is not valid OPML: {error}") from error
    if root.tag != "opml":
        raise ConfigError(f"{where} is not OPML: it begins with <{cut(root.tag, 40)}>")
    feeds = []
    for outline in root.iter("outline"):
        url = outline.get("xmlUrl", "").strip()
        if urlsplit(url).scheme not in ("http", "https"):
            continue
        title = collapse(outline.get("text") or outline.get("title") or "")
        source = outline.get(f"{{{_NAMESPACE}}}source", "")
        feeds.append(
            Feed(
                name=cut(title or urlsplit(url).netloc, 100),
                source=source if source in SOURCES else recognise(url),
                location=url,
                options=_options(outline.attrib),
            )
        )
    return feeds


def _options(attributes: Mapping[str, str]) -> dict[str, str]:
    """Return the options of a source among the attributes of an outline."""
    prefix = f"{{{_NAMESPACE}}}"
    ours = {k.removeprefix(prefix): v for k, v in attributes.items() if k.startswith(prefix)}
    return {n: cut(collapse(v), _MAX_OPTION) for n, v in ours.items() if _OPTION.fullmatch(n)}


def to_opml(feeds: Iterable[Feed]) -> str:
    """Return an OPML file with the feeds that have an address of their own."""
    ElementTree.register_namespace("digest", _NAMESPACE)
    root = ElementTree.Element("opml", version="2.0")
    head = ElementTree.SubElement(root, "head")
    ElementTree.SubElement(head, "title").text = "Feeds of Digest"
    body = ElementTree.SubElement(root, "body")
    for feed in feeds:
        if "://" in feed.location:
            attributes = {"type": "rss", "text": feed.name, "xmlUrl": feed.location}
            outline = ElementTree.SubElement(body, "outline", attributes)
            carried = {n: told for n, told in feed.options.items() if _OPTION.fullmatch(n)}
            for name, told in {"source": feed.source, **carried}.items():
                outline.set(f"{{{_NAMESPACE}}}{name}", told)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _place(feed: Feed) -> tuple[str, str, tuple[tuple[str, str], ...]]:
    """Return what makes two feeds the same, whatever their names."""
    return feed.source, feed.location, tuple(sorted(feed.options.items()))


def _free_name(wanted: str, taken: set[str]) -> str:
    name, number = wanted, 2
    while name in taken:
        name, number = f"{wanted}-{number}", number + 1
    return name


def _document(path: Path) -> tomlkit.TOMLDocument:
    try:
        return tomlkit.parse(path.read_text(encoding="utf-8-sig"))
    except (OSError, TOMLKitError) as error:
        raise ConfigError(f"cannot read the list of feeds {path}: {error}") from error


def _write(path: Path, document: tomlkit.TOMLDocument) -> None:
    """Replace the file at once: a half-written list would stop all collecting."""
    beside = path.with_name(f".{path.name}.new")
    try:
        beside.write_text(tomlkit.dumps(document), encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        raise ConfigError(f"cannot write the list of feeds {path}: {error.strerror}") from error
