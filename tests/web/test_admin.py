"""The operator's pages: who gets in, what they show, and what their buttons do."""

import re
from datetime import timedelta

import pytest
import structlog
from starlette.testclient import TestClient
from web.conftest import BASE, House
from web.test_guard import HOSTILE

from digest import passwords
from digest.models import DeliveryState, FeedState, SubscriberState
from digest.web import create, gate
from digest.web.admin import ledger, overview, people
from digest.web.guard import Buckets

PASSWORD = " correct horse battery staple "
CHEAP = passwords._Cost(4, 1, 1)
PAGES = ("", "/deliveries", "/runs", "/feeds", "/subscribers", "/subscribers/1")
COOKIE = "__Host-digest-admin"


def cheap(password: str) -> str:
    """Return a hash that is made at once; what one costs is tried elsewhere."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_RECOMMENDED", CHEAP)
        return passwords.hashed(password)


HASH = cheap(PASSWORD)


class Office(House):
    """An installation with pages for its operator."""

    def __init__(self, folder, more="", **options):
        super().__init__(folder, f'admin_password_hash = "{HASH}"\n{more}', **options)

    def browser(self) -> TestClient:
        return TestClient(create(self.site), base_url=BASE, follow_redirects=False)

    def sign_in(self, password: str = PASSWORD, client: TestClient | None = None, **form):
        client = client or self.client
        fields = {"form_key": key_of(client.get("/admin/login")), "password": password}
        return client.post("/admin/login", data=fields | form)

    def press(self, page: str, client: TestClient | None = None, **form):
        client = client or self.client
        key = key_of(client.get("/admin"))
        return client.post(f"/admin{page}", data={"form_key": key} | form)

    def lose(self, *addresses: str, state: DeliveryState = DeliveryState.UNKNOWN) -> None:
        """Publish, and forget the answers of the mail server to these subscribers."""
        from sqlalchemy import update

        from digest.store.schema import deliveries

        if addresses:
            whose = [self.person(address).subscriber_id for address in addresses]
            lost = update(deliveries).where(deliveries.c.subscriber_id.in_(whose))
            with self.store._database.writing() as connection:
                connection.execute(lost.values(state=state.value, detail="the answer was lost"))

    def states(self) -> list[str]:
        return [d.state.value for d, _ in reversed(self.store.deliveries.list_deliveries())]


def sessions_of(office: House) -> list[str]:
    """Return the rows of sessions, as either database dumps them."""
    begins = 'INSERT INTO "sessions"', "sessions "
    return [line for line in office.dump() if line.startswith(begins)]


def key_of(page) -> str:
    return re.search(r'name="form_key" value="([0-9a-f]{64})"', page.text)[1]


@pytest.fixture
def office(tmp_path):
    made = Office(tmp_path)
    yield made
    made.app.close()


@pytest.fixture
def inside(office):
    assert office.sign_in().status_code == 303
    return office


# ---------------------------------------------------------------- getting in


def test_without_a_password_there_are_no_such_pages(house) -> None:
    ordinary = {m: house.client.request(m, "/nothing-here") for m in ("GET", "POST", "PUT")}
    for page in (*PAGES, "/login", "/logout"):
        for method, wanted in ordinary.items():
            answer = house.client.request(method, f"/admin{page}")
            assert (answer.status_code, answer.text) == (wanted.status_code, wanted.text)
            assert dict(answer.headers) == dict(wanted.headers)
    assert "admin" not in house.client.get("/robots.txt").text


def test_strangers_are_led_to_the_login(office) -> None:
    for page in PAGES:
        for answer in (office.client.get(f"/admin{page}"), office.client.post(f"/admin{page}")):
            if answer.status_code != 405:
                assert (answer.status_code, answer.text) == (303, "")
                assert answer.headers["location"] == "/admin/login"


def test_the_password_opens_all_pages(inside) -> None:
    inside.subscribe()
    for page in PAGES:
        answer = inside.client.get(f"/admin{page}")
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-robots-tag"] == "noindex"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert not re.search(r'(?:src|href|action)="(?!/(?:admin|static/))', answer.text)


def test_the_cookie_is_for_this_host_and_for_no_script(office) -> None:
    told = office.sign_in().headers["set-cookie"]
    assert told.startswith(f"{COOKIE}=")
    parts = set(told.lower().split("; ")[1:])
    assert parts == {"path=/", "secure", "httponly", "samesite=strict"}


def test_without_https_the_cookie_is_for_these_pages_alone(tmp_path) -> None:
    office = Office(tmp_path, base="http://intranet.example.org/digest")
    told = office.client.get("/admin/login").headers["set-cookie"]
    assert told.startswith("digest-admin=")
    assert "path=/digest/admin" in told.lower()
    assert "secure" not in told.lower()
    office.app.close()


def test_no_other_page_has_a_cookie(inside) -> None:
    person = inside.subscribe()
    for page in ("/", "/nothing", "/healthz", inside.app.linker.manage(person)):
        assert "set-cookie" not in inside.client.get(page).headers


def test_a_wrong_password_opens_nothing(office) -> None:
    for wrong in ("", PASSWORD.strip(), PASSWORD.upper(), "x" * 5_000, HASH, "\x00"):
        answer = office.sign_in(wrong)
        assert answer.status_code == 403
        assert "This is not the password." in answer.text
        assert office.client.get("/admin").status_code == 303


def test_signing_in_changes_what_the_browser_holds(office) -> None:
    office.client.get("/admin/login")
    before = office.client.cookies[COOKIE]
    office.sign_in()
    assert office.client.cookies[COOKIE] != before
    other = office.browser()
    other.cookies.set(COOKIE, before)
    assert other.get("/admin").status_code == 303


def test_the_database_holds_no_session_that_could_be_used(inside) -> None:
    token = inside.client.cookies[COOKIE]
    (kept,) = sessions_of(inside)
    assert token not in kept
    (name,) = re.findall(r"\b[0-9a-f]{64}\b", kept)
    thief = inside.browser()
    thief.cookies.set(COOKIE, name)
    assert thief.get("/admin").status_code == 303


def test_a_session_ends_when_it_is_not_used(inside) -> None:
    inside.move(minutes=29)
    assert inside.client.get("/admin").status_code == 200
    inside.move(minutes=29)
    assert inside.client.get("/admin").status_code == 200
    inside.move(minutes=30)
    assert inside.client.get("/admin").status_code == 303


def test_a_session_ends_after_a_while_however_it_is_used(inside, monkeypatch) -> None:
    monkeypatch.setattr(gate, "LASTS", timedelta(hours=1))
    for _ in range(2):
        inside.move(minutes=20)
        assert inside.client.get("/admin").status_code == 200
    inside.move(minutes=20)
    assert inside.client.get("/admin").status_code == 303
    inside.sign_in()
    assert len(sessions_of(inside)) == 1


def test_signing_out_ends_the_session_and_not_only_the_cookie(inside) -> None:
    token = inside.client.cookies[COOKIE]
    answer = inside.press("/logout")
    assert (answer.status_code, answer.headers["location"]) == (303, "/admin/login")
    assert COOKIE not in inside.client.cookies
    inside.client.cookies.set(COOKIE, token)
    assert inside.client.get("/admin").status_code == 303


def test_another_password_ends_all_sessions(inside) -> None:
    from pydantic import SecretStr

    from digest.web.site import Site

    told = inside.app.settings.web
    told.admin_password_hash = SecretStr(cheap("another horse altogether"))
    other = TestClient(create(Site.of(inside.app)), base_url=BASE, follow_redirects=False)
    other.cookies.set(COOKIE, inside.client.cookies[COOKIE])
    assert other.get("/admin").status_code == 303


def test_a_client_may_try_ten_times_in_a_quarter_of_an_hour(office, monkeypatch) -> None:
    monkeypatch.setattr(passwords, "matches", lambda password, kept: password == PASSWORD)
    assert [office.sign_in("wrong").status_code for _ in range(11)] == [403] * 10 + [429]
    refused = office.sign_in()
    assert refused.status_code == 429
    assert office.client.get("/admin").status_code == 303
    office.move(minutes=17)
    assert office.sign_in().status_code == 303


def test_all_clients_together_may_try_so_often(office, monkeypatch) -> None:
    monkeypatch.setattr(passwords, "matches", lambda password, kept: False)
    monkeypatch.setattr(gate, "_ALL_TRIES", 12)
    names = iter(range(1000))
    monkeypatch.setattr(office.site, "client", lambda request: str(next(names)))
    codes = [office.sign_in("wrong").status_code for _ in range(14)]
    assert codes == [403] * 12 + [429] * 2


def test_tries_by_the_hundred_do_not_reach_the_database(office, monkeypatch) -> None:
    monkeypatch.setattr(passwords, "matches", lambda password, kept: False)
    taken = []
    monkeypatch.setattr(office.store.rates, "take", lambda *told: taken.append(told))
    office.site.gate._buckets = Buckets(5)
    codes = [office.sign_in("wrong").status_code for _ in range(12)]
    assert len(taken) < 10
    assert codes.count(429) == 12 - len(taken)


def test_nothing_of_it_is_logged(office) -> None:
    with structlog.testing.capture_logs() as told:
        office.sign_in("not the password")
        office.sign_in()
        office.client.get("/admin")
    assert {"wrong password", "signed in"} <= {line["event"] for line in told}
    for secret in (PASSWORD, "not the password", HASH, office.client.cookies[COOKIE]):
        assert secret not in str(told)


# ---------------------------------------------------------------- forged forms


@pytest.mark.parametrize(
    "key", ["", "0" * 64, "\u00e9", "x" * 9_000], ids=["no", "wrong", "odd", "long"]
)
def test_a_form_that_was_not_shown_does_nothing(inside, key) -> None:
    inside.subscribe()
    person = inside.person()
    for page, form in (
        ("/logout", {}),
        ("/deliveries", {"do": "drop", "all": "yes"}),
        ("/subscribers", {"query": "ada"}),
        (f"/subscribers/{person.subscriber_id}", {"do": "erase", "sure": "yes"}),
    ):
        answer = inside.client.post(f"/admin{page}", data={"form_key": key} | form)
        assert answer.status_code == 403
        assert "ada@" not in answer.text
    assert inside.person() is not None
    assert inside.client.get("/admin").status_code == 200


def test_a_form_of_another_session_does_nothing(inside) -> None:
    inside.subscribe()
    other = inside.browser()
    inside.sign_in(client=other)
    form = {"form_key": key_of(other.get("/admin")), "do": "erase", "sure": "yes"}
    assert inside.client.post("/admin/subscribers/1", data=form).status_code == 403
    assert inside.person() is not None
    assert other.post("/admin/subscribers/1", data=form).status_code == 200
    assert inside.person() is None


def test_nobody_can_sign_somebody_else_in(office) -> None:
    key = key_of(office.browser().get("/admin/login"))
    for client in (office.client, office.browser()):
        if client is office.client:
            client.get("/admin/login")
        answer = client.post("/admin/login", data={"form_key": key, "password": PASSWORD})
        assert answer.status_code == 403
        assert client.get("/admin").status_code == 303


def test_looking_at_pages_changes_nothing(inside) -> None:
    inside.subscribe()
    inside.add_papers()
    inside.publish()
    before = inside.dump()
    for page in (
        *PAGES,
        "/logout",
        "/deliveries?do=drop&all=yes",
        "/subscribers/1?do=erase&sure=yes",
    ):
        for method in ("GET", "HEAD"):
            inside.client.request(method, f"/admin{page}")
    assert inside.dump() == before


# ---------------------------------------------------------------- what the pages show


def test_the_overview_tells_what_needs_the_operator(tmp_path) -> None:
    office = Office(tmp_path)
    (tmp_path / "sources.toml").write_text(
        '[[feed]]\nname = "lab"\nsource = "generic"\nlocation = "https://lab.example.org/x"\n'
    )
    bad = FeedState(
        "lab", checked_at=office.now, error_count=6, last_error="https://lab.example.org/x: 500",
        succeeded_at=office.now - timedelta(days=3), next_check_at=office.now + timedelta(hours=2),
    )  # fmt: skip
    keep_feed(office, bad)
    office.subscribe()
    office.subscribe("tomo@example.org")
    office.store.people.set_state("tomo@example.org", SubscriberState.PAUSED, office.now)
    office.add_papers()
    office.publish()
    office.lose("ada@example.org")
    office.sign_in()
    page = office.client.get("/admin").text
    text = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    assert "The outcome of 1 mail is unknown" in text
    assert "Feed lab is failing" in text
    assert "https://lab.example.org/x: 500 (6 times in a row)" in text
    assert "It is asked again at 10:00 UTC." in text
    assert "active 1 paused 1 unsubscribed 0 pending 0" in text
    assert "outcome unknown 1" in text
    assert "16 Nov 4 1" in text  # four new papers, one digest planned
    assert "planned 1 · sent 1" in text
    assert "ada@" not in page
    office.app.close()


def keep_feed(office: House, state: FeedState) -> None:
    office.store.feeds.save(state)


def test_hostile_text_stays_text(tmp_path) -> None:
    office = Office(tmp_path)
    names = [f"{text} {number}" for number, text in enumerate(HOSTILE)]
    listed = "".join(
        f'[[feed]]\nname = {name!r}\nsource = "generic"\nlocation = "https://x.example.org/{n}"\n'
        for n, name in enumerate(n.replace("'", "’") for n in names)
    )
    (tmp_path / "sources.toml").write_text(listed)
    from digest import feedlist

    for feed, text in zip(feedlist.load(tmp_path / "sources.toml"), HOSTILE, strict=True):
        keep_feed(office, FeedState(feed.name, error_count=9, last_error=f"said {text}"))
    local = '"<script>alert(1)</script>"@example.org'
    office.store.people.add(local, office.subscribe().profile, SubscriberState.ACTIVE, office.now)
    office.add_papers()
    office.publish()
    office.lose(local)
    run = office.store.runs.start("publish", office.now)
    office.store.runs.finish(run, office.now, {"states": {}, "problems": list(HOSTILE)})
    office.sign_in()
    pages = [office.client.get(f"/admin{page}").text for page in (*PAGES, "/subscribers/2")]
    pages.append(office.press("/subscribers", query="<script>").text)
    pages.append(office.press("/subscribers", query='"><img src=x>', state="<svg>").text)
    pages.append(office.client.get("/admin/deliveries?state=<script>&before=<svg>").text)
    for page in pages:
        for live in ("<script>", "<img", "<svg", "<iframe", 'href="javascript', "5332114"):
            assert live not in page
    assert sum("&lt;script&gt;" in page for page in pages) >= 5
    office.app.close()


def test_runs_and_deliveries_and_subscribers_come_in_portions(inside, monkeypatch) -> None:
    for room, name in ((ledger, "_PAGE"), (overview, "_RUNS"), (people, "_PAGE")):
        monkeypatch.setattr(room, name, 5)
    for number in range(12):
        inside.subscribe(f"reader{number:02}@example.org")
        run = inside.store.runs.start("publish", inside.now)
        inside.store.runs.finish(run, inside.now, {"states": {"sent": 7_000 + number}})
    inside.add_papers()
    inside.publish()
    inside.lose(*(f"reader{number:02}@example.org" for number in range(12)))
    seen, page = [], inside.client.get("/admin/deliveries")
    while True:
        seen += re.findall(r"reader\d\d@", page.text)
        link = re.search(r'href="([^"]*before=\d+)"', page.text)
        if not link:
            break
        page = inside.client.get(link[1].replace("&amp;", "&"))
    assert len(seen) == len(set(seen)) == 12
    runs, page = [], inside.client.get("/admin/runs")
    while True:
        runs += re.findall(r"sent 7,?0\d\d", page.text)
        link = re.search(r'href="([^"]*before=\d+)"', page.text)
        if not link:
            break
        page = inside.client.get(link[1])
    assert len(runs) == len(set(runs)) == 12
    found, page = [], inside.client.get("/admin/subscribers")
    while True:
        found += re.findall(r">(reader\d\d@example.org)<", page.text)
        after = re.search(r'name="after" value="([^"]+)"', page.text)
        if not after:
            break
        page = inside.press("/subscribers", after=after[1])
    assert found == [f"reader{number:02}@example.org" for number in range(12)]


def test_numbers_that_no_row_has_are_nothing(inside) -> None:
    for number in ("0", "7", str(2**31), str(2**70)):
        assert inside.client.get(f"/admin/subscribers/{number}").status_code == 404
        assert inside.press(f"/subscribers/{number}", do="erase", sure="yes").status_code == 404
    for odd in ("-1", "x", str(2**70), "\u0661"):
        assert inside.client.get(f"/admin/deliveries?before={odd}").status_code == 200
        assert inside.client.get(f"/admin/runs?before={odd}").status_code == 200
        assert inside.client.get(f"/admin/feeds?from={odd}").status_code == 200


def test_it_speaks_japanese(inside) -> None:
    inside.subscribe()
    for page in PAGES:
        text = inside.client.get(f"/admin{page}?lang=ja").text
        assert '<html lang="ja">' in text
        assert "ログアウト" in text


# ---------------------------------------------------------------- what the buttons do


@pytest.mark.parametrize(
    ("verdict", "state"), [("sent", "sent"), ("resend", "queued"), ("drop", "failed")]
)
def test_an_unknown_outcome_is_decided_on(inside, verdict, state) -> None:
    inside.subscribe()
    inside.subscribe("tomo@example.org")
    inside.add_papers()
    inside.publish()
    inside.lose("ada@example.org", "tomo@example.org")
    number = re.search(r'name="number" value="(\d+)"', inside.client.get("/admin/deliveries").text)[
        1
    ]
    told = inside.press("/deliveries", number=number, do=verdict)
    assert "Decided on 1 delivery." in told.text
    assert sorted(inside.states()) == sorted(["unknown", state])
    again = inside.press("/deliveries", number=number, do=verdict)
    assert "Decided on 0 deliveries." in again.text
    assert f"delivery {number} is {state}" in again.text
    assert sorted(inside.states()) == sorted(["unknown", state])


def test_all_unknown_outcomes_are_decided_on_at_once(inside, monkeypatch) -> None:
    monkeypatch.setattr(ledger, "_PAGE", 3)
    for number in range(5):
        inside.subscribe(f"reader{number}@example.org")
    inside.add_papers()
    inside.publish()
    inside.lose(*(f"reader{number}@example.org" for number in range(5)))
    told = inside.press("/deliveries", all="yes", do="sent")
    assert "Decided on 5 deliveries." in told.text
    assert set(inside.states()) == {"sent"}


def test_what_cannot_be_decided_is_not(inside) -> None:
    inside.subscribe()
    inside.add_papers()
    inside.publish()
    inside.lose("ada@example.org", state=DeliveryState.FAILED)
    page = inside.client.get("/admin/deliveries?state=failed").text
    assert re.findall(r'name="do" value="(\w+)"', page) == ["resend"]
    assert inside.press("/deliveries", state="failed", all="yes", do="drop").status_code == 422
    assert inside.press("/deliveries", do="sent").status_code == 422
    assert inside.press("/deliveries", number="1", do="explode").status_code == 200
    assert "delivery 1 is failed" in inside.press("/deliveries", number="1", do="sent").text
    assert inside.states() == ["failed"]


def test_subscribers_are_searched_for(inside) -> None:
    inside.subscribe()
    inside.subscribe("tomo@elsewhere.example.org")
    inside.store.people.set_state("ada@example.org", SubscriberState.PAUSED, inside.now)
    assert "tomo@" not in inside.press("/subscribers", query="ADA").text
    assert "ada@" not in inside.press("/subscribers", query="elsewhere").text
    assert "tomo@" not in inside.press("/subscribers", state="paused").text
    assert "Nobody." in inside.press("/subscribers", query="%").text


def test_a_subscribers_page_holds_no_interest(inside) -> None:
    person = inside.subscribe("ada@example.org", "a most private interest")
    page = inside.client.get(f"/admin/subscribers/{person.subscriber_id}").text
    assert "ada@example.org" in page
    assert "private" not in page


def test_a_digest_is_sent_once_more(inside) -> None:
    inside.subscribe()
    inside.add_papers()
    inside.publish()
    day = f"{inside.now:%Y-%m-%d}"
    refused = inside.press("/subscribers/1", do="edition", day=day)
    assert refused.status_code == 422
    assert "was sent" in refused.text
    assert inside.press("/subscribers/1", do="edition", day="yesterday").status_code == 422
    told = inside.press("/subscribers/1", do="edition", day=day, again="yes")
    assert "It waits to be sent" in told.text
    assert inside.states() == ["queued"]


def test_the_links_are_sent_once_more(inside) -> None:
    inside.subscribe()
    assert "on its way" in inside.press("/subscribers/1", do="letter").text
    assert [mail["To"] for mail in inside.letters()] == ["ada@example.org"]


def test_erasing_asks_once(inside) -> None:
    inside.subscribe()
    assert inside.press("/subscribers/1", do="erase").status_code == 422
    assert inside.person() is not None
    told = inside.press("/subscribers/1", do="erase", sure="yes")
    assert "Erased" in told.text
    assert inside.person() is None
    assert inside.store.people.was_erased("ada@example.org")
    assert "ada@" not in "\n".join(inside.dump())


def test_it_answers_under_a_path_of_its_own(tmp_path) -> None:
    office = Office(tmp_path, base="https://example.org/digest")
    client = TestClient(create(office.site), base_url="https://example.org", follow_redirects=False)
    form = {"form_key": key_of(client.get("/digest/admin/login")), "password": PASSWORD}
    answer = client.post("/digest/admin/login", data=form)
    assert answer.headers["location"] == "/digest/admin"
    assert client.get("/digest/admin").status_code == 200
    office.app.close()
