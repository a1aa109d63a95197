"""The operator's pages in a real browser: signed in, looked through, decided on, signed out."""

import pytest
from browser.conftest import DESKTOP, PHONE, Living, visiting
from browser.test_accessible import serious
from web.test_admin import HASH, PASSWORD, Office, keep_feed

from digest.models import DeliveryState, FeedState
from servers import Inbox


@pytest.fixture
def office(tmp_path):
    with Inbox() as inbox:
        made = Living(tmp_path, inbox, f'admin_password_hash = "{HASH}"\n')
        (tmp_path / "sources.toml").write_text(
            '[[feed]]\nname = "lab"\nsource = "generic"\nlocation = "https://lab.example.org/x"\n'
            '[[feed]]\nname = "shop"\nsource = "generic"\nlocation = "https://shop.example.org/y"\n'
        )
        keep_feed(
            made,
            FeedState("lab", error_count=6, last_error="https://lab.example.org/x: answered 500"),
        )
        for name in ("ada", "tomo", "a-person-with-quite-a-long-address-of-more-than-forty"):
            made.subscribe(f"{name}@example.org")
        made.add_papers()
        made.publish()
        Office.lose(made, "ada@example.org", "tomo@example.org")
        Office.lose(made, made.store.people.by_id(3).address, state=DeliveryState.FAILED)
        run = made.store.runs.start("publish", made.now)
        told = ["the ledger does not balance: report this"]
        made.store.runs.finish(run, made.now, {"states": {"sent": 9_000}, "problems": told})
        yield made
        made.close()


@pytest.mark.parametrize(
    ("scheme", "size", "script"),
    [("light", DESKTOP, True), ("dark", PHONE, True), ("light", PHONE, False)],
    ids=["light", "dark", "without JavaScript"],
)
def test_the_operator_signs_in_decides_and_signs_out(
    chromium, office, scheme, size, script
) -> None:
    with visiting(chromium, size, script=script, color_scheme=scheme) as visit:

        def looked_at(name: str) -> None:
            if script:  # axe-core is a script
                assert (name, serious(visit.page)) == (name, [])
            assert (name, visit.is_wider_than_its_window()) == (name, False)

        page = visit.open(f"{office.base}/admin")
        looked_at("login")
        page.get_by_label("Password").fill("not it at all")
        visit.press("Sign in")
        assert page.get_by_role("alert").is_visible()
        looked_at("wrong password")
        page.get_by_label("Password").fill(PASSWORD)
        visit.press("Sign in")
        assert page.get_by_role("heading", name="What needs you").is_visible()
        looked_at("overview")
        for name in ("Runs", "Feeds", "Subscribers", "Deliveries"):
            page.get_by_role("navigation").get_by_role("link", name=name).click()
            assert page.get_by_role("heading", name=name, level=1).is_visible()
            looked_at(name)
        page.get_by_role("checkbox", name="Delivery 2").check()
        visit.press("Give up")
        assert page.get_by_text("Decided on 1 delivery.").is_visible()
        looked_at("decided")
        page.get_by_role("link", name="ada@example.org").click()
        looked_at("subscriber")
        visit.press("Erase")
        assert page.get_by_role("alert").is_visible()
        visit.press("Sign out")
        assert page.get_by_role("heading", name="Sign in").is_visible()
        visit.open(f"{office.base}/admin/subscribers/1")
        assert page.get_by_label("Password").is_visible()
        assert {url.split("/")[2] for url in visit.asked} == {office.base.split("/")[2]}
    assert sorted(s.state.value for s, _ in office.store.deliveries.list_deliveries()) == [
        "failed", "failed", "unknown",
    ]  # fmt: skip
