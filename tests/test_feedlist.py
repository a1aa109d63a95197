"""The list of feeds: read, changed in place, and carried by OPML."""

from pathlib import Path

import pytest

from digest import feedlist
from digest.errors import ConfigError, UsageError
from digest.sources.base import Feed

CONFIG = Path(__file__).parent.parent / "config"
POND = Feed("pond", "generic", "https://pond.example/feed.xml")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A list with one feed and comments that must stay."""
    found = tmp_path / "sources.toml"
    found.write_text(
        "# our feeds\n\n"
        '[[feed]]  # the big one\nname = "a"\nsource = "arxiv"\ncategories = "cs.LG"\n'
    )
    return found


def test_the_default_feeds_can_be_read() -> None:
    feeds = feedlist.load(CONFIG / "sources.toml")
    assert {"huggingface", "arxiv", "arxivjp", "biorxiv"} <= {f.source for f in feeds}
    assert any(f.enabled for f in feeds)


def test_every_mistake_in_a_list_is_told(tmp_path: Path) -> None:
    path = tmp_path / "sources.toml"
    path.write_text(
        '[[feed]]\nname = "a"\nsource = "pigeon"\n[[feed]]\nname = "b"\nsource = "arxiv"\n'
        '[[feed]]\nname = "b"\nsource = "arxiv"\n[[feed]]\nsource = "arxiv"\n[other]\n'
    )
    with pytest.raises(ConfigError) as caught:
        feedlist.load(path)
    for told in ("'pigeon' is none of", "b: the name stands twice", "feed 4: name", "other: is"):
        assert told in str(caught.value)


def test_a_relative_location_starts_at_the_list(tmp_path: Path) -> None:
    path = tmp_path / "sources.toml"
    path.write_text(
        '[[feed]]\nname = "a"\nsource = "arxiv"\nlocation = "saved"\ncategories = "cs.LG"\n'
    )
    (feed,) = feedlist.load(path)
    assert feed.location == str(tmp_path / "saved")
    assert feed.options == {"categories": "cs.LG"}


def test_a_feed_is_added_at_the_end_and_comments_stay(path: Path) -> None:
    assert feedlist.add(path, [POND]) == [POND]
    assert [feed.name for feed in feedlist.load(path)] == ["a", "pond"]
    assert "# our feeds" in path.read_text()
    assert "# the big one" in path.read_text()


def test_a_feed_that_is_there_is_not_added_twice_whatever_its_name(path: Path) -> None:
    feedlist.add(path, [POND])
    again = Feed("lake", "generic", POND.location)
    assert feedlist.add(path, [again]) == []


def test_a_name_that_is_taken_gets_a_number(path: Path) -> None:
    (added,) = feedlist.add(path, [Feed("a", "generic", "https://a.example/feed")])
    assert added.name == "a-2"


def test_feeds_are_added_to_an_empty_list(tmp_path: Path) -> None:
    path = tmp_path / "sources.toml"
    path.write_text("")
    feedlist.add(path, [POND, Feed("x", "arxiv", options={"categories": "math.ST"})])
    assert feedlist.load(path)[1].options == {"categories": "math.ST"}


def test_a_feed_is_removed_and_the_rest_stays(path: Path) -> None:
    feedlist.add(path, [POND])
    feedlist.remove(path, "a")
    assert feedlist.load(path) == [POND]
    assert "# our feeds" in path.read_text()


def test_removing_a_feed_that_is_not_there_names_the_others(path: Path) -> None:
    with pytest.raises(UsageError, match="no feed is called 'b'; known are a"):
        feedlist.remove(path, "b")


def test_feeds_survive_opml() -> None:
    options = {"days": "3", "search": 'a "b" | c'}
    feeds = [
        POND,
        Feed("HF & co", "huggingface", "https://mirror.example/api/daily_papers", options=options),
    ]
    assert feedlist.from_opml(feedlist.to_opml(feeds).encode(), "x.opml") == feeds


def test_opml_sets_nothing_but_options() -> None:
    data = b"""<opml version="2.0" xmlns:d="urn:research-digest:feeds"><body><outline
      text="x" xmlUrl="https://pond.example/feed.xml" days="9" d:days="3" d:enabled="no"
      d:location="/etc/passwd" d:Odd-Name="1"/></body></opml>"""
    (feed,) = feedlist.from_opml(data, "x.opml")
    assert (feed.options, feed.location) == ({"days": "3"}, "https://pond.example/feed.xml")


def test_a_readers_opml_gives_its_feeds_and_their_sources(tmp_path: Path) -> None:
    data = b"""<?xml version="1.0"?><opml version="1.0"><body><outline text="Science">
      <outline text="cs.LG" xmlUrl="https://rss.arxiv.org/rss/cs.LG"/>
      <outline title="Genomics" xmlUrl="http://connect.biorxiv.org/biorxiv_xml.php?subject=genomics"/>
      <outline text="A folder"/><outline text="Local" xmlUrl="file:///etc/passwd"/>
      <outline xmlUrl="https://pond.example/feed.xml"/></outline></body></opml>"""
    assert [(f.name, f.source) for f in feedlist.from_opml(data, "x")] == [
        ("cs.LG", "arxiv"),
        ("Genomics", "biorxiv"),
        ("pond.example", "generic"),
    ]


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "not valid OPML"),
        (b"<rss/>", "begins with <rss>"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]><opml/>', "declares entities"),
        (b"x" * 5_000_001, "larger than 5 MB"),
    ],
)
def test_what_is_no_opml_is_refused(data: bytes, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        feedlist.from_opml(data, "x.opml")


def test_a_list_that_cannot_be_written_stays_as_it_was(path: Path, monkeypatch) -> None:
    before = path.read_text()

    def fail(self: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(ConfigError, match="No space left on device"):
        feedlist.add(path, [POND])
    assert path.read_text() == before
