"""What stands around every page: headers, bounds, and a log without tokens."""

import asyncio
import gc

import pytest
import structlog
from web.conftest import House

from digest.models import Profile
from digest.tokens import Purpose
from digest.web.guard import LARGE_BODY, SMALL_BODY, Buckets, Turns, client_of

HOSTILE = (
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "<svg/onload=alert(1)>",
    "'-alert(1)-'", "javascript:alert(1)", "{{1234*4321}}", "</textarea><script>alert(1)</script>",
    "<iframe srcdoc='<script>alert(1)</script>'>", "\u202e<b>", "&lt;script&gt;", "<!--", "%(x)s",
)  # fmt: skip


def test_every_answer_has_the_headers_that_keep_it_safe(house) -> None:
    person = house.subscribe()
    linker = house.app.linker
    answers = [
        house.client.get(path)
        for path in ("/", "/nowhere", "/healthz", linker.manage(person), linker.unsubscribe(person))
    ]
    answers.append(house.client.post("/preview", data={"phrases": "ice"}))
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert "set-cookie" not in answer.headers


def test_pages_use_nothing_of_third_parties_and_nothing_inline(house) -> None:
    import re

    house.add_papers()
    pages = [
        house.client.get("/").text,
        house.client.get(house.app.linker.manage(house.subscribe())).text,
    ]
    for page in pages:
        for address in re.findall(r'(?:src|href|action)="([^"]*)"', page):
            if re.match("https?:", address):
                assert address.startswith(("https://arxiv.org/", "https://digest.example.org/"))
        assert " style=" not in page
        assert not re.search(r"<script(?! src=)", page)
        assert not re.search(r"\son\w+=", page)


def test_hostile_text_stays_text_wherever_it_comes_from(house) -> None:
    for number, text in enumerate(HOSTILE):
        house.add_papers(f"{text} glacier acoustics", start=100 + number)
        form = {
            "phrases": f"{text}\nglacier acoustics", "name": text, "authors": text, "text": text,
            "more_categories": text, "examples": text, "mute_phrases": text, "find": text,
            "address": text, "timezone": text, "language": text, "format": text, "do": "preview",
        }  # fmt: skip
        good = form | {"timezone": "UTC", "language": "en", "format": "html", "address": "x@y.org"}
        person = house.subscribe(
            f"reader{number}@example.org", text, "glacier acoustics", name=text
        )
        upload = {"library": ("x.txt", f"{text} and a title of many words\n".encode())}
        pages = [
            house.client.post("/", data=form),
            house.client.post("/", data=good, files=upload),
            house.client.post("/preview", data=good),
            house.client.get(house.app.linker.manage(person)),
            house.client.get(house.app.linker.answer(person, 1, 1)),
            house.client.get(f"/manage/{text}"),
        ]
        for page in pages:
            assert page.status_code in (200, 404, 422)
            for live in ("<script>", "<img", "<svg", "<iframe", 'href="javascript', "5332114"):
                assert live not in page.text.replace("</textarea>", ""), (text, live)


def test_bodies_are_bounded(house) -> None:
    assert house.client.post("/", data={"text": "x" * SMALL_BODY}).status_code == 413
    files = {"library": ("x.bib", b"x" * LARGE_BODY)}
    assert house.client.post("/", files=files).status_code == 413
    many = {f"field{n}": (None, "x") for n in range(1000)}
    assert house.client.post("/", files=many).status_code == 400
    broken = {"content-type": "multipart/form-data; boundary=x"}
    assert house.client.post("/", content=b"--y\r\n", headers=broken).status_code in (200, 400, 422)


def test_the_log_holds_no_token_and_no_address(house) -> None:
    person = house.subscribe()
    token = house.app.tokens.make(Purpose.MANAGE, person.subscriber_id, 0)
    with structlog.testing.capture_logs() as told:
        house.client.get(f"/manage/{token}")
        house.client.post(f"/unsubscribe/{token}x", data={"a": "b"})
        house.sign_up("tomo@example.org")
    assert [line["page"] for line in told if line["event"] == "asked"] == [
        "/manage/{token}", "/unsubscribe/{token}", "/",
    ]  # fmt: skip
    assert token not in str(told)
    assert "example.org" not in str(told)


def test_a_page_that_fails_says_so_and_nothing_of_why(house, monkeypatch) -> None:
    def fail(*args: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(type(house.site.trials), "preview", fail)
    with structlog.testing.capture_logs() as told:
        answer = house.client.get("/")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert answer.headers["content-security-policy"]
    assert any(line["log_level"] == "error" for line in told)


def test_health_and_readiness(house) -> None:
    assert house.client.get("/healthz").json() == {"status": "ok"}
    assert house.client.get("/readyz").json() == {"status": "ok", "collected_seconds_ago": None}


def test_metrics_are_for_who_knows_the_token(tmp_path) -> None:
    house = House(tmp_path, 'metrics_token = "s3cret"\n')
    house.subscribe()
    told = house.client.get("/metrics", headers={"authorization": "Bearer s3cret"})
    assert told.status_code == 200
    assert told.headers["content-type"].startswith("text/plain; version=")
    assert 'digest_subscribers{state="active"} 1.0' in told.text
    assert "ada@" not in told.text
    for wrong in ({}, {"authorization": "Bearer secret"}, {"authorization": "Bearer "}):
        assert house.client.get("/metrics", headers=wrong).status_code == 404
    house.store.close()


def test_without_a_token_there_are_no_metrics(house) -> None:
    for told in ({}, {"authorization": "Bearer "}, {"authorization": "Bearer"}):
        answer = house.client.get("/metrics", headers=told)
        assert answer.status_code == 404
        assert answer.text == house.client.get("/nowhere").text


def test_a_client_is_an_ipv4_address_or_a_network_of_ipv6() -> None:
    assert client_of("192.0.2.7") == client_of("::ffff:192.0.2.7") == "192.0.2.7"
    assert client_of("2001:db8:1:2:3::4") == client_of("2001:db8:1:2::9")
    assert client_of("2001:db8:1:3::4") != client_of("2001:db8:1:2::9")
    assert client_of(None) == "unknown"


def test_a_bucket_fills_again_and_remembers_only_so_many() -> None:
    bucket = Buckets(2, most=3)
    assert [bucket.take("a", 0) for _ in range(3)] == [True, True, False]
    assert bucket.take("a", 30)
    for other in "bcd":
        assert bucket.take(other, 31)
    assert len(bucket._left) == 3


def test_files_that_come_with_a_form_are_closed_whatever_it_asks(house) -> None:
    house.subscribe()
    mine = house.app.linker.manage(house.person()).removeprefix("https://digest.example.org")
    for name in ("", "a.bib"):
        part = f'Content-Disposition: form-data; name="library"; filename="{name}"'
        for page, do in (("/", "preview"), ("/preview", "x"), (mine, "save"), (mine, "pause")):
            body = (
                f'--x\r\nContent-Disposition: form-data; name="do"\r\n\r\n{do}\r\n'
                f"--x\r\n{part}\r\nContent-Type: text/plain\r\n\r\nice\r\n--x--\r\n"
            )
            kind = {"content-type": "multipart/form-data; boundary=x"}
            assert house.client.post(page, content=body, headers=kind).status_code < 500
    gc.collect()  # a file that is still open would be complained of here


async def test_previews_take_turns_and_one_client_cannot_fill_the_queue():
    turns = Turns(waiting=3, of_a_client=2)
    inside, most = 0, 0
    release = asyncio.Event()

    async def come(client: str) -> bool:
        nonlocal inside, most
        async with turns.turn(client) as allowed:
            if allowed:
                inside += 1
                most = max(most, inside)
                await release.wait()
                inside -= 1
            return allowed

    coming = [asyncio.create_task(come(client)) for client in ("ada", "ada", "ada", "tomo", "eve")]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    release.set()
    # Ada's third is one too many for her, and Eve's for all.
    assert await asyncio.gather(*coming) == [True, True, False, True, False]
    assert most == 1
    assert await come("ada")


async def test_a_turn_that_is_given_up_lets_others_in():
    turns = Turns(waiting=1, of_a_client=1)

    async def hang() -> None:
        async with turns.turn("ada"):
            await asyncio.Event().wait()

    hanging = asyncio.create_task(hang())
    await asyncio.sleep(0)
    async with turns.turn("ada") as allowed:
        assert not allowed
    hanging.cancel()
    await asyncio.gather(hanging, return_exceptions=True)
    async with turns.turn("ada") as allowed:
        assert allowed


async def test_a_preview_that_nobody_waits_for_any_more_is_not_made(house, monkeypatch):
    class Gone:
        client = None

        async def is_disconnected(self) -> bool:
            return True

    monkeypatch.setattr(type(house.site.trials), "preview", lambda *told: pytest.fail("it is made"))
    assert await house.site.preview(Gone(), Profile()) is None
