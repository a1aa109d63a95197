import email.policy
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from digest.delivery import MailOptions, Parcel, build
from digest.errors import AddressError, ConfigError, DeliveryError
from digest.models import Block, Format, Rendering, Stencil
from digest.text import collapse

Make = Callable[..., Parcel]

JAPANESE = "今日の論文は三つです。\n\n大規模言語モデルの評価について 📄✨\n" * 40
LONG_URL = "https://digest.example.org/unsubscribe/" + "Ab9_-" * 40
USUAL = MailOptions(sender="Digest <digest@example.org>")


def read(data: bytes) -> EmailMessage:
    message = cast(EmailMessage, BytesParser(policy=email.policy.default).parsebytes(data))
    assert not message.defects
    assert not any(part.defects for part in message.walk())
    return message


def content(part: Any) -> str:
    """The text of a part as it was before it travelled; on the way its lines end in CRLF."""
    text = part.get_content()
    assert isinstance(text, str)
    assert "\n" not in text.replace("\r\n", "")
    return text.replace("\r\n", "\n")


def header_lines(data: bytes) -> dict[str, bytes]:
    """The headers as they stand on the wire, with their folding."""
    found: dict[str, bytes] = {}
    name = ""
    for line in data.partition(b"\r\n\r\n")[0].split(b"\r\n"):
        if line.startswith((b" ", b"\t")):
            found[name] += b"\r\n" + line
        else:
            name = line.partition(b":")[0].decode()
            assert name not in found, f"{name} stands twice"
            found[name] = line.partition(b":")[2].removeprefix(b" ")
    return found


def assert_fit_for_the_wire(data: bytes) -> None:
    assert data.isascii() and data.endswith(b"\r\n")
    bare = data.replace(b"\r\n", b"")
    assert b"\r" not in bare and b"\n" not in bare and b"\0" not in bare
    head, _, body = data.partition(b"\r\n\r\n")
    assert max(len(line) for line in head.split(b"\r\n")) <= 998
    assert max(len(line) for line in body.split(b"\r\n")) <= 76
    assert not any(line.startswith(b".") for line in data.split(b"\r\n"))


def test_an_html_digest_has_a_text_part_first_and_the_html_part_last(parcel: Make) -> None:
    data = build(parcel(), USUAL)
    assert_fit_for_the_wire(data)
    message = read(data)
    assert message.get_content_type() == "multipart/alternative"
    text, html = message.iter_parts()
    assert (text.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    assert text.get_content_charset() == html.get_content_charset() == "utf-8"
    assert content(text) == "Two papers today.\n.\n.hidden line\n"
    assert content(html) == "<p>Two papers = 2 – <b>today</b>.</p>\n"


@pytest.mark.parametrize(
    ("format_", "body"),
    [
        (Format.TEXT, "Two papers today.\n.\n.hidden line\n"),
        (Format.MARKDOWN, "# Two papers\n\n- one\n- two\n"),
    ],
)
def test_text_and_markdown_are_one_plain_part(parcel: Make, format_: Format, body: str) -> None:
    data = build(parcel(format=format_), USUAL)
    assert_fit_for_the_wire(data)
    message = read(data)
    assert message.get_content_type() == "text/plain"
    assert content(message) == body


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (JAPANESE, "base64"),
        ("Only ASCII, = signs and trailing blanks  \n\nFrom here on.\n.\n", "quoted-printable"),
        ("One résumé among many words of plain English.\n" * 50, "quoted-printable"),
        ("x" * 5_000 + "\n", "quoted-printable"),
        ("=" * 5_000 + "\n", "base64"),
    ],
)
def test_bodies_come_back_exactly_in_the_shorter_encoding(
    parcel: Make, text: str, encoding: str
) -> None:
    html = f"<p>{text}</p>\n"
    data = build(parcel(text=text, html=html), USUAL)
    assert_fit_for_the_wire(data)
    parts = list(read(data).iter_parts())
    assert [p["Content-Transfer-Encoding"] for p in parts] == [encoding] * 2
    assert [content(p) for p in parts] == [text, html]


def test_line_ends_of_any_kind_become_one_kind(parcel: Make) -> None:
    data = build(parcel(text="one\r\ntwo\rthree\n\nno end", format=Format.TEXT), USUAL)
    assert_fit_for_the_wire(data)
    assert content(read(data)) == "one\ntwo\nthree\n\nno end\n"


def test_the_headers_say_from_whom_to_whom_when_and_what(parcel: Make) -> None:
    options = replace(USUAL, reply_to="Editors <editors@example.org>")
    message = read(build(parcel(language="ja"), options))
    assert message["From"] == "Digest <digest@example.org>"
    assert message["To"] == "ada@example.org"
    assert message["Reply-To"] == "Editors <editors@example.org>"
    assert message["Subject"] == "Digest of 4 May: two papers"
    assert message["Date"].datetime == datetime(2026, 5, 4, 5, 0, tzinfo=UTC)
    assert message["Message-ID"] == "<edition-12.34@example.org>"
    assert message["List-Id"] == "<digest.example.org>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Content-Language"] == "ja"
    assert message["Precedence"] is None


def test_the_same_parcel_gives_the_same_bytes(parcel: Make) -> None:
    assert build(parcel(), USUAL) == build(parcel(), USUAL)


def test_a_sender_beyond_ascii_is_encoded_and_the_address_is_not(parcel: Make) -> None:
    options = MailOptions(sender="毎日の論文ダイジェスト " * 4 + "<digest@example.org>")
    data = build(parcel(), options)
    assert_fit_for_the_wire(data)
    # Not by `.addresses`: the library puts blanks between the encoded words of a name.
    name, _, address = header_lines(data)["From"].decode().rpartition(" ")
    assert str(make_header(decode_header(name))) == ("毎日の論文ダイジェスト " * 4).strip()
    assert address == "<digest@example.org>"


def test_a_senders_name_with_a_comma_stays_one_sender(parcel: Make) -> None:
    message = read(build(parcel(), MailOptions(sender='"Papers, daily" <digest@example.org>')))
    assert [a.display_name for a in message["From"].addresses] == ["Papers, daily"]


# ---------------------------------------------------------------- leaving the list


def test_a_long_unsubscribe_link_stands_unbroken_with_one_click(parcel: Make) -> None:
    options = replace(USUAL, unsubscribe_mailto="leave@example.org")
    data = build(parcel(unsubscribe_url=LONG_URL, unsubscribe_token="t0k/en"), options)
    lines = header_lines(data)
    assert lines["List-Unsubscribe"] == (
        f"<{LONG_URL}>,\r\n <mailto:leave@example.org?subject=unsubscribe%20t0k%2Fen>".encode()
    )
    assert lines["List-Unsubscribe-Post"] == b"List-Unsubscribe=One-Click"
    assert_fit_for_the_wire(data)


def test_one_click_is_not_promised_without_https(parcel: Make) -> None:
    lines = header_lines(build(parcel(unsubscribe_url="http://localhost:8000/u/t"), USUAL))
    assert lines["List-Unsubscribe"] == b"<http://localhost:8000/u/t>"
    assert "List-Unsubscribe-Post" not in lines
    by_mail = replace(USUAL, unsubscribe_mailto="leave@example.org")
    lines = header_lines(build(parcel(), by_mail))
    assert lines["List-Unsubscribe"] == b"<mailto:leave@example.org?subject=unsubscribe>"
    assert "List-Unsubscribe-Post" not in lines


def test_without_any_way_to_leave_there_is_no_such_header(parcel: Make) -> None:
    assert "List-Unsubscribe" not in header_lines(build(parcel(), USUAL))


@pytest.mark.parametrize(
    "url",
    ["https://x.org/a b", "https://x.org/>\r\nBcc: eve@x.org", "javascript:x", "https://é.org/", "https://x/" + "a" * 995],
)  # fmt: skip
def test_a_link_that_cannot_stand_in_a_header_is_refused(parcel: Make, url: str) -> None:
    with pytest.raises(DeliveryError, match="public_url"):
        build(parcel(unsubscribe_url=url), USUAL)


def test_a_letter_is_no_list_mail_and_has_its_own_message_id(parcel: Make) -> None:
    data = build(parcel(edition_id=None, unsubscribe_url=LONG_URL), USUAL)
    lines = header_lines(data)
    assert not [name for name in lines if name.startswith("List-")]
    assert lines["Message-ID"] == b"<letter-7.20260504T050000@example.org>"


# ---------------------------------------------------------------- hostile text


@given(title=st.text(max_size=300))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_title_gives_a_subject_that_comes_back(parcel: Make, title: str) -> None:
    data = build(parcel(subject=title), USUAL)
    assert_fit_for_the_wire(data)
    assert read(data)["Subject"] == collapse(title)


@pytest.mark.parametrize(
    ("title", "subject"),
    [
        ("Plain\r\nBcc: eve@example.org", "Plain Bcc: eve@example.org"),
        ("nul\0 and \u2028 and \u202ebidi", "nul and and bidi"),
        ("=?utf-8?q?not_encoded?=", "=?utf-8?q?not_encoded?="),
        ("lone \ud800 surrogate", "lone surrogate"),
        ("", ""),
        ("x" * 2_000, "x" * 2_000),
        ("word " * 400, ("word " * 400).strip()),
        ("論文" * 1_000, "論文" * 1_000),
        ("📄 " * 100, ("📄 " * 100).strip()),
        ("a; b, c " * 30, ("a; b, c " * 30).strip()),
    ],
)
def test_hostile_titles_are_tamed(parcel: Make, title: str, subject: str) -> None:
    data = build(parcel(subject=title), USUAL)
    assert_fit_for_the_wire(data)
    message = read(data)
    assert message["Subject"] == subject
    assert message["Bcc"] is None


@given(text=st.text(max_size=400) | st.text(".a\n", max_size=400))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_comes_back_as_the_body(parcel: Make, text: str) -> None:
    data = build(parcel(format=Format.TEXT, text=text + "\n"), USUAL)
    assert_fit_for_the_wire(data)
    payload = read(data).get_payload(decode=True)
    wanted = (text + "\n").replace("\r\n", "\n").replace("\r", "\n")
    assert isinstance(payload, bytes)
    assert payload.replace(b"\r\n", b"\n") == wanted.encode("utf-8", "replace")


def test_a_body_with_lone_surrogates_does_not_stop_the_mail(parcel: Make) -> None:
    assert read(build(parcel(text="a \ud800 b\n"), USUAL)).get_body(("plain",)) is not None


def test_a_language_code_cannot_break_the_header(parcel: Make) -> None:
    assert header_lines(build(parcel(language="en\r\nX: y"), USUAL))["Content-Language"] == b"enXy"


# ---------------------------------------------------------------- options


def test_a_bad_recipient_is_an_address_error(parcel: Make) -> None:
    with pytest.raises(AddressError):
        build(parcel(address="ada@example.org, eve@example.org"), USUAL)


def test_bad_options_are_told_when_they_are_made() -> None:
    with pytest.raises(AddressError, match="'Digest'"):
        MailOptions(sender="Digest")
    with pytest.raises(AddressError, match="line end"):
        replace(USUAL, reply_to="a@example.org\r\nBcc: b@example.org")
    with pytest.raises(ConfigError, match="list_id"):
        replace(USUAL, list_id="not an id>")
    assert replace(USUAL, list_id="papers.example.org").domain == "example.org"


LINES = st.lists(
    st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=120)
    | st.sampled_from(
        [
            ".",
            "..",
            "." * 80,
            ".a" * 38,
            " ",
            "a ",
            "=",
            "\0",
            "a\0",
            "x" * 990,
            "漢字" * 60,
            "\t",
            "From me",
        ]
    ),
    min_size=1,
    max_size=12,
).map(lambda lines: "\n".join(lines) + "\n")
RUNS = LINES.map(lambda lines: lines.rstrip("\n")) | st.sampled_from(
    ["x" * n for n in range(70, 80)] + ["=" * n for n in range(22, 28)] + ["a" * 71 + "é", " ", "."]
)


STENCILS = st.lists(
    st.tuples(st.lists(LINES | RUNS | st.integers(0, 2), max_size=5), st.tuples(*[RUNS] * 3)),
    min_size=1,
    max_size=5,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=STENCILS)
def test_pieces_say_what_the_whole_says(
    drawn: list[tuple[list[str | int], tuple[str, ...]]], parcel: Make
) -> None:
    pieces = [
        (Stencil([Block(p) if isinstance(p, str) else p for p in parts if p != ""]), values)
        for parts, values in drawn
    ]
    html = "".join(stencil.filled(values) for stencil, values in pieces)
    apart = Rendering("Digest", {"html": pieces})
    for _ in range(2):  # the second time from what the stencils keep
        mail = build(parcel(rendering=apart), USUAL)
        assert_fit_for_the_wire(mail)
        said = content(read(mail).get_body(("html",)))
        assert said == html + ("" if html.endswith("\n") else "\n")


def test_what_pieces_share_is_encoded_once(parcel: Make) -> None:
    shared = Block("<p>A text for many.</p>\n<b>")
    kept = []
    for name in ("Ada", "Zoë"):
        stencil = Stencil((shared, 0, Block("</b>\n")))
        rendering = Rendering("Digest", {"html": [(stencil, [name])]})
        mail = read(build(parcel(rendering=rendering), USUAL))
        assert f"<b>{name}</b>\n" in content(mail.get_body(("html",)))
        kept.append(shared.coded)
    assert kept[0] is kept[1] is not None


def test_pieces_in_japanese_travel_in_the_shorter_encoding(parcel: Make) -> None:
    pieces = [(Stencil((Block(JAPANESE), 0, Block("\n"))), ("Ada",))]
    rendering = Rendering("Digest", {"html": pieces})
    part = read(build(parcel(rendering=rendering), USUAL)).get_body(("html",))
    assert part is not None and part["Content-Transfer-Encoding"] == "base64"
    assert content(part) == f"{JAPANESE}Ada\n"
