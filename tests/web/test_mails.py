"""One mail of every kind, as it goes out: what mail programs and filters think of it."""

import mailbox
import re
import shutil
import subprocess
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from selectolax.lexbor import LexborHTMLParser

from digest.merging import assemble, place
from digest.models import Entry, Format, Interest, InterestKind, Schedule, Topic
from digest.rendering.renderer import MAX_HTML

LONG_BASE = "https://digest.example.org/" + "a-rather-deep-path/" * 9 + "xx"
SPAMASSASSIN = shutil.which("spamassassin")
LONG = "We report on glacier acoustics & how ice <sings> at night, in 17 fjords of the north. " * 60


def long_papers(house, count: int) -> None:
    """Papers with abstracts of 5,000 characters and everything else that a card can show."""
    entries = [
        Entry(
            source="arxiv",
            external_id=f"2611.{number:05}",
            arxiv_id=f"2611.{number:05}",
            title=f"Glacier acoustics, part {number}: " + "a title that goes on " * 5,
            abstract=f"Part {number}. {LONG}"[:5_000],
            authors=tuple(f"Author {n} of the Long Names" for n in range(8)),
            categories=("physics.ao-ph", "cs.SD", "cs.LG"),
            topics=(Topic(("Earth", f"Ice {number}"), 0.9),),
            code_url=f"https://code.example/{number}",
            project_url=f"https://project.example/{number}",
        )
        for number in range(1, count + 1)
    ]
    house.store.papers.save(assemble(place(entries, []), [], house.now), seen_at=house.now)


def japanese_paper(house) -> None:
    entry = Entry(
        source="arxivjp",
        external_id="2611.90001",
        arxiv_id="2611.90001",
        title="Glacier acoustics at the edge of the ice",
        abstract="Ice sings before it breaks. We listen to glacier acoustics in four fjords.",
        translations={"ja": "氷は割れる前に歌う。四つのフィヨルドで氷河の音響を聴いた。"},
    )
    house.store.papers.save(assemble(place([entry], []), [], house.now), seen_at=house.now)


def every_kind(make) -> dict[str, bytes]:
    """Return one mail of every kind, as it goes out, by its name."""
    sent: dict[str, bytes] = {}

    def note(kind: str, house) -> None:
        newest = max((house.folder / "state" / "outbox").glob("*.eml"))
        sent[kind] = newest.read_bytes()
        assert list(sent.values()).count(sent[kind]) == 1, kind

    house = make(LONG_BASE)
    house.sign_up("ada@example.org")
    house.letters()
    note("confirmation", house)
    person = house.subscribe("tomo@example.org")
    house.site.desk.ask_readdress(person, "new@example.org", house.now)
    house.letters()
    note("change of address", house)
    house.site.readers.revoke_links(person, house.now)
    house.letters()
    note("links", house)
    person = house.subscribe("wen@example.org")
    house.site.desk.ask_readdress(person, "wen@elsewhere.example.org", house.now)
    token = re.search(r"/confirm/(\S+)", house.letters()[-1].get_body(("plain",)).get_content())
    house.site.desk.confirm(token[1], house.now)
    house.letters()
    note("moved", house)

    interest = (Interest(InterestKind.PHRASE, "glacier acoustics"),)
    weekly = Schedule(weekdays=frozenset({0}))
    editions = {
        "daily": {},
        "weekly": {"schedule": weekly},
        "text": {"format": Format.TEXT},
        "markdown": {"format": Format.MARKDOWN},
        "Japanese": {"language": "ja"},
        "thin": {"send_empty": True},
        "two hundred papers": {"papers": 200},
    }
    for kind, options in editions.items():
        house = make(LONG_BASE)
        if kind == "two hundred papers":
            long_papers(house, 200)
        elif kind != "thin":
            house.add_papers("glacier acoustics", "glacier acoustics of harbours", "robots")
            japanese_paper(house)
        person = house.subscribe("ada@example.org")
        profile = replace(person.profile, interests=interest, **options)
        house.store.people.update(person.address, profile)
        house.publish()
        note(kind, house)
    return sent


@pytest.fixture(scope="module")
def mails(houses) -> dict[str, bytes]:
    return every_kind(houses)


KINDS = (
    *("confirmation", "change of address", "links", "moved"),
    *("daily", "weekly", "text", "markdown", "Japanese", "thin", "two hundred papers"),
)
EDITIONS = KINDS[4:]


def parsed(data: bytes) -> EmailMessage:
    message = message_from_bytes(data, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def html_of(data: bytes) -> str:
    body = parsed(data).get_body(("html",))
    assert body is not None
    return body.get_content()


def test_there_is_a_mail_of_every_kind(mails) -> None:
    assert tuple(mails) == KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_a_mail_has_no_defect_and_no_long_line(mails, kind: str) -> None:
    data, message = mails[kind], parsed(mails[kind])
    assert not message.defects
    assert not any(part.defects for part in message.walk())
    assert not any(header.defects for header in message.values())
    assert data.isascii()
    assert max(map(len, data.splitlines())) <= 998
    if message.is_multipart():
        assert max(len(line.encode()) for line in html_of(data).splitlines()) <= 998


@pytest.mark.parametrize("kind", EDITIONS)
def test_an_edition_can_be_left_by_one_click_under_a_very_long_address(mails, kind: str) -> None:
    head = mails[kind].replace(b"\r\n", b"\n").partition(b"\n\n")[0]
    line = next(h for h in head.split(b"\n") if h.startswith(b"List-Unsubscribe: "))
    url = re.fullmatch(rb"List-Unsubscribe: <(https://\S+)>,?", line)
    assert url and url[1].decode().startswith(f"{LONG_BASE}/unsubscribe/")
    assert len(LONG_BASE) == 200
    assert b"\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\n" in head
    assert b"=?" not in line


@pytest.mark.parametrize("kind", ["confirmation", "change of address", "links", "moved"])
def test_a_letter_is_no_list_mail(mails, kind: str) -> None:
    message = parsed(mails[kind])
    assert message["List-Unsubscribe"] is None and message["List-Id"] is None
    assert message["Auto-Submitted"] == "auto-generated"


def test_two_hundred_long_papers_fit_and_the_others_are_on_the_web(mails) -> None:
    html = html_of(mails["two hundred papers"])
    assert len(html.encode()) <= MAX_HTML
    page = LexborHTMLParser(html)
    shown = len(page.css("h3"))
    told = page.css_first("p.omitted a")
    assert 15 < shown < 200
    assert told.text() == f"{200 - shown} more papers on the web"
    assert f"{LONG_BASE}/archive/" in (told.attributes["href"] or "")
    links = [a.attributes["href"] or "" for a in page.css("a")]
    assert any("/unsubscribe/" in link for link in links)
    text = parsed(mails["two hundred papers"]).get_body(("plain",))
    assert text is not None and f"{200 - shown} more papers on the web: " in text.get_content()


@pytest.mark.skipif(not SPAMASSASSIN, reason="spamassassin is not installed")
def test_no_mail_looks_like_spam_to_spamassassin(mails, tmp_path) -> None:
    """Local rules only: what the network knows of a sender is another matter."""
    box = mailbox.mbox(tmp_path / "mails")
    for data in mails.values():
        box.add(data)
    box.close()
    assert SPAMASSASSIN
    command = [SPAMASSASSIN, "--local", "--test-mode", "--mbox", str(tmp_path / "mails")]
    done = subprocess.run(command, capture_output=True, check=True, timeout=120)
    (tmp_path / "judged").write_bytes(done.stdout)
    found = {}
    judged = mailbox.mbox(tmp_path / "judged")
    messages = list(judged)
    judged.close()
    assert len(messages) == len(KINDS)
    for message in messages:
        status = " ".join(message["X-Spam-Status"].split())
        score = re.search(r"score=(-?[\d.]+)", status)
        assert score, status
        if float(score[1]) >= 1.0:
            found[message["Subject"]] = status
    assert found == {}
