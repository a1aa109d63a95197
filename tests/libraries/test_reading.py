"""Libraries as people keep them, whole and damaged."""

import json
from pathlib import Path

import pytest

from digest.errors import LibraryError
from digest.libraries import MAX_BYTES, MAX_ITEMS, Library, Reference, read


@pytest.fixture
def shelf(data: Path):
    """Read one of our own libraries, under a name that says nothing."""
    return lambda ending: read((data / "libraries" / f"shelf.{ending}").read_bytes(), "shelf")


def ids(library: Library) -> list[tuple[str, str | None]]:
    return [(item.title, item.arxiv_id or item.doi) for item in library.items]


def told(text: str | bytes) -> Library:
    return read(text.encode() if isinstance(text, str) else text, "shelf")


# ---------------------------------------------------------------- BibTeX


def test_an_entry_of_bibtex_is_read_with_its_tex_as_unicode(shelf) -> None:
    library = shelf("bib")
    assert library.format == "BibTeX"
    assert library.items[0] == Reference(
        number=1,
        title="On the GPU of Schrödinger's α-Teapots",
        authors=("Haruko Amagiri", "Jiří Novotný"),
        doi="10.5555/pebble.12",
        year=2026,
        abstract="We measure 100% of the teapots, and then some.",
    )


def test_values_of_bibtex_are_put_together_with_their_strings() -> None:
    library = told(
        '@string{of = "of the "}\n@string{sea = of # {Sea}}\n'
        '@misc{a, title = "Sounds " # sea # { and # more} # 2}\n'
        '@misc{b, title = {C# # F# in {one} "year"}}\n@misc{c, title = "an odd " # "end }\n'
        "@misc{d, title = {Another after it}}"
    )
    assert [item.title for item in library.items] == [
        "Sounds of the Sea and # more2",
        'C# # F# in one "year"',
        "Another after it",
    ]
    assert "the entry 'c' is damaged" in library.problems[0]


def test_arxiv_ids_are_found_in_all_the_fields_people_put_them(shelf) -> None:
    assert ids(shelf("bib"))[1:8] == [
        ("Listening to Glaciers", "2611.00001"),
        ("Old Numbers", "math/0309136"),
        ("Slow Harbours", "2611.00002"),
        ("Quiet Harbours", "2611.00003"),
        ("Loud Harbours", "2611.00004"),
        ("Deep Harbours", "2611.00005"),
        ("Not of arXiv", None),
    ]


def test_a_damaged_entry_costs_only_itself_and_is_named_with_its_line(shelf) -> None:
    library = shelf("bib")
    assert [i.title for i in library.items[8:]] == ["Behind the Damage", "The Same Key Once More"]
    damaged, bare = library.problems
    assert "(line 21): the entry 'unclosed' is damaged" in damaged
    assert "it has no title, no id and no link" in bare


def test_bibtexparser_does_not_write_to_standard_error(shelf, capfd) -> None:
    shelf("bib")
    assert capfd.readouterr() == ("", "")


# ---------------------------------------------------------------- RIS


def test_ris_records_are_read_also_without_their_end(shelf) -> None:
    library = shelf("ris")
    assert library.format == "RIS"
    assert library.items[0] == Reference(
        number=1,
        title="Listening to Glaciers",
        authors=("Haruko Amagiri", "Ada Quill"),
        doi="10.5555/ice.7",
        year=2026,
        abstract="We record the acoustics of glaciers in winter.",
    )
    assert ids(library)[1:] == [
        ("Slow Harbours", "2611.00002"),
        ("Without an End, Like the One Before", None),
    ]
    stray, *nameless = library.problems
    assert "(line 17): it does not begin with a line TY" in stray
    assert all("it has no title, no id and no link" in problem for problem in nameless)


# ---------------------------------------------------------------- JSON


def test_csl_json_is_read_item_by_item(shelf) -> None:
    library = shelf("json")
    assert library.format == "CSL-JSON"
    assert library.items[0] == Reference(
        number=1,
        title="Listening to Glaciers",
        authors=("Haruko Amagiri", "The Ice Team"),
        doi="10.5555/ice.7",
        year=2026,
        abstract="We record the acoustics of glaciers.",
    )
    assert ids(library)[1:] == [("Slow Harbours", "2611.00002"), ("Behind the Damage", None)]
    assert library.items[1].year == 2026
    broken, no_object = library.problems
    assert broken.startswith("item 3 (line 12): it is no valid JSON")
    assert "no object" in no_object


def test_zoteros_own_json_is_read_too() -> None:
    item = {
        "title": "Slow Harbours",
        "itemType": "preprint",
        "creators": [
            {"creatorType": "editor", "name": "Nobody"},
            {"creatorType": "author", "firstName": "Ada", "lastName": "Quill"},
        ],
        "extra": "arXiv:2611.00002 [cs]",
        "date": "2026-11-02",
    }
    attachment = {"itemType": "attachment", "title": "Snapshot"}
    (found,) = told(json.dumps({"version": 1, "items": [item, attachment]})).items
    assert found == Reference(1, "Slow Harbours", ("Ada Quill",), None, "2611.00002", None, 2026)


# ---------------------------------------------------------------- XML


def test_zotero_rdf_is_read_with_the_ids_of_its_journals(shelf) -> None:
    library = shelf("rdf")
    assert library.format == "Zotero RDF"
    assert library.items[0] == Reference(
        number=1,
        title="Listening to Glaciers",
        authors=("Haruko Amagiri", "Ada Quill"),
        doi="10.5555/ice.7",
        url="https://example.org/glaciers",
        year=2026,
        abstract="We record & listen.",
    )
    assert ids(library)[1:] == [("Slow Harbours", "2611.00002")]
    assert library.problems == ()


def test_opml_brings_links_ids_and_categories_and_names_other_feeds(shelf) -> None:
    library = shelf("opml")
    assert library.format == "OPML"
    assert ids(library)[:3] == [
        ("Listening to Glaciers", "2611.00001"),
        ("", "10.5555/ice.7"),
        ("A Title Alone on its Line", None),
    ]
    categories = [item.category for item in library.items]
    assert categories == [None, None, None, "stat.ML", "cs.CL", "math.OC"]
    (feed,) = library.problems
    assert "'A blog' is a feed; use `digest feeds import`" in feed


@pytest.mark.parametrize("ending", ["rdf", "opml"])
def test_a_file_that_was_cut_short_is_read_as_far_as_it_goes(data: Path, ending: str) -> None:
    whole = (data / "libraries" / f"shelf.{ending}").read_bytes()
    cut = whole[: whole.index(b"2611.00002" if ending == "rdf" else b"stat.ML")]
    library = told(cut)
    assert library.items[0].title == "Listening to Glaciers"
    assert "is damaged" in library.problems[-1]


# ---------------------------------------------------------------- lists


def test_a_list_holds_ids_links_and_titles(shelf) -> None:
    library = shelf("txt")
    assert library.format == "a list"
    assert ids(library) == [
        ("", "2611.00001"),
        ("", "math/0309136"),
        ("", "10.5555/ice.7"),
        ("", "10.5555/pebble.12"),
        ("Slow Harbours: A Theory", "2611.00002"),
        ("A Title Alone on its Line", None),
        ("", None),
    ]
    assert library.items[-1].url == "https://example.org/only-a-page"
    assert library.problems == ()


# ---------------------------------------------------------------- encodings and limits


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1", "cp1252"])
def test_encodings_are_found_out(encoding: str) -> None:
    (item,) = told("@misc{a, title = {Über schöne Größen}}".encode(encoding)).items
    assert item.title == "Über schöne Größen"


@pytest.mark.parametrize(
    ("data", "trouble"),
    [
        (b"", "is empty"),
        (b" \r\n ", "is empty"),
        (b"%PDF-1.7\0\0", "no text file"),
        (b"x" * (MAX_BYTES + 1), "larger than 8 MB"),
        (b"<!doctype html><html><body>", "<html>, no library"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]><opml/>', "declares entities"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><opml/>'.encode("utf-16"), "declares entities"),
        (b"<opml>" + b"<outline>" * 500, "nested too deeply"),
    ],
    ids=["empty", "blank", "binary", "large", "page", "entities", "entities-16", "deep"],
)
def test_what_is_no_library_is_refused_in_one_line(data: bytes, trouble: str) -> None:
    with pytest.raises(LibraryError, match=trouble) as caught:
        read(data, "shelf.bib")
    assert str(caught.value).startswith("shelf.bib ")
    assert "\n" not in str(caught.value)


def test_items_beyond_the_limit_are_told() -> None:
    library = told("".join(f"2611.{n:05}\n" for n in range(MAX_ITEMS + 10)))
    assert len(library.items) == MAX_ITEMS
    assert library.problems == ("only the first 5,000 items are read; split the file",)


def test_problems_are_bounded() -> None:
    library = told("@misc{a, year = 2020}\n" * 1_000)
    assert library.problems[-1] == "and 800 more items that cannot be read"
    assert len(library.problems) == 201


def test_fields_are_bounded() -> None:
    (item,) = told(
        f"@misc{{a, title = {{{'word ' * 50_000}}}, author = {{{'A and ' * 9_000}B}}}}"
    ).items
    assert len(item.title) <= 500
    assert len(item.authors) <= 200
