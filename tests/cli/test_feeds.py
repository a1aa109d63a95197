"""Commands on the list of feeds."""

from pathlib import Path

from digest import feedlist, resources

BIORXIV = resources.samples() / "feeds" / "biorxiv-rss.xml"
POND = "https://pond.example/feed.xml"


def names(folder: Path) -> list[str]:
    return [feed.name for feed in feedlist.load(folder / "config" / "sources.toml")]


def test_feeds_are_listed_on_or_off(cli):
    cli("init")
    told = cli("feeds", "list")
    assert told.code == 0
    assert "on   huggingface-daily" in told.out
    assert "off  biorxiv" in told.out
    assert {"name", "source", "location", "enabled"} <= cli("feeds", "list", "--json").json_lines[
        0
    ].keys()


def test_a_feed_is_added_and_removed(cli, tmp_path):
    cli("init")
    added = cli("feeds", "add", POND)
    assert (added.code, added.out) == (0, "pond.example is read as generic from now on\n")
    assert "pond.example" in names(tmp_path)
    assert cli("feeds", "remove", "pond.example").code == 0
    assert "pond.example" not in names(tmp_path)


def test_the_source_is_told_by_the_address_or_by_an_option(cli):
    cli("init")
    assert "as arxiv" in cli("feeds", "add", "https://rss.arxiv.org/rss/math.ST").out
    assert "as arxiv" in cli("feeds", "add", POND, "--source", "arxiv", "--name", "mirror").out


def test_a_feed_that_is_there_is_not_added_again(cli):
    cli("init")
    cli("feeds", "add", POND)
    again = cli("feeds", "add", POND)
    assert again.code == 2
    assert "in the list already" in again.trouble


def test_wrong_names_are_told(cli):
    cli("init")
    assert "no feed is called 'nope'" in cli("feeds", "remove", "nope").trouble
    assert "no source is called 'nope'" in cli("feeds", "add", POND, "--source", "nope").trouble
    assert "say how to read saved" in cli("feeds", "add", "saved").trouble


def test_check_says_what_a_feed_is_and_shows_three(cli):
    told = cli("feeds", "check", BIORXIV, "--source", "biorxiv")
    assert told.code == 0
    assert told.out.startswith("read as biorxiv: 9 entries\n")
    assert len(told.out.splitlines()) == 7


def test_check_of_what_cannot_be_read_is_one_line(cli, tmp_path):
    told = cli("feeds", "check", tmp_path / "none.xml", "--source", "generic")
    assert told.code == 1
    assert "none.xml" in told.trouble
    refused = cli("feeds", "check", BIORXIV, "--source", "huggingface")
    assert refused.code == 1
    assert refused.trouble


def test_check_reads_a_feed_from_the_web(cli, web, monkeypatch):
    web.answer("/feed", BIORXIV.read_bytes())
    monkeypatch.setenv("DIGEST_COLLECT__ALLOW_PRIVATE_HOSTS", web.host)
    told = cli("feeds", "check", web.url("/feed"))
    assert told.out.startswith("read as generic: 9 entries")


def test_a_feed_that_moved_for_good_is_told_wherever_feeds_are(cli, home, web, monkeypatch):
    web.answer("/old", status=301, headers={"Location": "/new"})
    web.answer("/new", BIORXIV.read_bytes())
    monkeypatch.setenv("DIGEST_COLLECT__ALLOW_PRIVATE_HOSTS", web.host)
    sources = home / "config" / "sources.toml"
    sources.write_text(
        f'[[feed]]\nname = "pond"\nsource = "generic"\nlocation = "{web.url("/old")}"\n'
    )
    written = sources.read_bytes()
    line = f"moved to {web.url('/new')}; put it in the configuration"
    assert line in cli("feeds", "check", web.url("/old")).out
    assert "moved" not in cli("feeds", "check", web.url("/new")).out
    for _ in range(3):
        assert line not in cli("feeds", "list").out + cli("status").out
        assert cli("collect").code == 0
    for command in (("feeds", "list"), ("status",), ("doctor",)):
        assert line in cli(*command).out
    assert cli("feeds", "list", "--json").json["moved"] == line
    assert cli("status", "--json").json["feeds"][0]["moved"] == line
    assert sources.read_bytes() == written


def test_opml_carries_feeds_to_another_list(cli, tmp_path):
    cli("init")
    cli("feeds", "add", POND)
    assert cli("feeds", "export", "--out", tmp_path / "feeds.opml").code == 0
    cli("feeds", "remove", "pond.example")
    told = cli("feeds", "import", tmp_path / "feeds.opml")
    assert "added  pond.example (generic)" in told.out
    assert told.out.endswith("1 feed added, 6 known already\n")


def test_an_import_of_what_is_no_opml_is_one_line(cli, tmp_path):
    cli("init")
    (tmp_path / "x.opml").write_text("nope")
    assert "not valid OPML" in cli("feeds", "import", tmp_path / "x.opml").trouble
    assert "cannot read" in cli("feeds", "import", tmp_path / "y.opml").trouble
