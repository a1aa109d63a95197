"""The commands on subscribers as a list, and on what is sent once more."""

import sqlite3

import pytest

ADA, BEN = "ada@example.org", "ben@example.org"
LIST = f"""address,consent,phrases
{ADA},2026-01-02 paper form,unlearning
{BEN},yes,moss
eve@example.org,no,moss
nobody,yes,moss
"""


@pytest.fixture
def people(home):
    path = home / "people.csv"
    path.write_text(LIST)
    return path


@pytest.fixture
def pages(collected):
    settings = collected / "config" / "digest.toml"
    text = settings.read_text()
    settings.write_text(
        'public_url = "https://digest.example.org"\n' + text.replace("\npublic_url", "\n#")
    )
    return collected


def addresses(cli, *options):
    return [line["address"] for line in cli("subscriber", "list", "--json", *options).json_lines]


def letters(folder):
    return sorted((folder / "state" / "outbox").glob("*.eml"))


def test_who_agreed_is_subscribed_and_the_others_are_told_by_line(cli, people):
    told = cli("subscriber", "import", people, "--timezone", "Asia/Tokyo")
    assert told.code == 3
    assert told.out == "2 subscribed, 2 skipped\n"
    assert f"{people}, line 4: eve@example.org: there is no consent" in told.err
    assert f"{people}, line 5: " in told.err
    assert addresses(cli) == [ADA, BEN]
    shown = cli("subscriber", "show", ADA, "--json").json
    assert (shown["consent"], shown["timezone"]) == ("2026-01-02 paper form", "Asia/Tokyo")


def test_bringing_a_list_in_twice_changes_nothing(cli, people):
    cli("subscriber", "import", people)
    before = cli("subscriber", "export").out
    told = cli("subscriber", "import", people, "--json").json
    assert (told["added"], told["known"], len(told["skipped"])) == (0, 2, 2)
    assert cli("subscriber", "export").out == before


def test_who_left_was_erased_or_is_suppressed_is_never_subscribed_again(cli, people, home):
    cli("subscriber", "import", people)
    cli("subscriber", "erase", ADA)
    with sqlite3.connect(home / "state" / "digest.db") as database:
        database.execute("UPDATE subscribers SET state = 'unsubscribed'")
    cli("suppress", "cas@example.org", "--reason", "asked by phone")
    people.write_text(LIST + "CAS@example.org,yes,moss\n")
    told = cli("subscriber", "import", people)
    assert (told.code, told.out) == (3, "0 subscribed, 5 skipped\n")
    assert f"{ADA} is never to be mailed (erased)" in told.err
    assert f"{BEN} has unsubscribed" in told.err
    assert "asked by phone" in told.err


def test_an_address_counts_once_in_a_list(cli, people):
    people.write_text(LIST + f"{ADA.upper()},yes,tar\n")
    assert "stands in line 2 already" in cli("subscriber", "import", people).err


def test_a_list_without_consent_is_refused(cli, people):
    people.write_text(f"address,phrases\n{ADA},moss\n")
    told = cli("subscriber", "import", people)
    assert (told.code, "no column consent" in told.trouble) == (2, True)
    assert addresses(cli) == []


@pytest.mark.parametrize("name", ["nowhere.csv", "config"])
def test_a_list_that_cannot_be_read_is_one_line(cli, people, name):
    told = cli("subscriber", "import", name)
    assert (told.code, name in told.trouble) == (2, True)


def test_owners_can_be_asked_instead(cli, pages):
    path = pages / "people.csv"
    path.write_text(f"address,phrases\n{ADA},moss\n{BEN},ice\n")
    told = cli("subscriber", "import", path, "--invite")
    assert (told.code, told.out) == (0, "0 subscribed, 2 asked to confirm\n")
    assert addresses(cli) == []
    assert len(letters(pages)) == 2
    again = cli("subscriber", "import", path, "--invite")
    assert again.out == "0 subscribed, 2 asked before\n"
    assert len(letters(pages)) == 2


def test_inviting_needs_pages(cli, people):
    told = cli("subscriber", "import", people, "--invite")
    assert (told.code, "public_url" in told.trouble) == (2, True)


def test_a_letter_is_sent_once_more(cli, pages):
    path = pages / "people.csv"
    path.write_text(f"address,phrases\n{ADA},moss\n")
    cli("subscriber", "import", path, "--invite")
    told = cli("subscriber", "resend", ADA)
    assert told.out == f"the letter that asks {ADA} to confirm is sent\n"
    cli("subscriber", "add", BEN, "--phrase", "moss")
    told = cli("subscriber", "resend", BEN)
    assert told.out == f"the letter with the links of {BEN} is sent\n"
    assert len(letters(pages)) == 3
    assert cli("subscriber", "resend", "eve@example.org").code == 2


def test_the_list_is_searched_filtered_and_paged(cli, people):
    cli("subscriber", "import", people)
    cli("subscriber", "pause", BEN)
    assert addresses(cli, "EN@exa") == [BEN]
    assert addresses(cli, "%") == []
    assert addresses(cli, "--state", "active") == [ADA]
    told = cli("subscriber", "list", "--limit", "1")
    assert told.out.startswith(ADA)
    assert f"--after {ADA}" in told.trouble
    assert addresses(cli, "--limit", "1", "--after", ADA) == [BEN]


def test_what_is_kept_is_exported_and_a_list_can_be_brought_in_elsewhere(cli, people, home):
    cli("subscriber", "import", people)
    everything = cli("subscriber", "export", ADA).json
    assert (everything["address"], everything["consent"]) == (ADA, "2026-01-02 paper form")
    assert cli("subscriber", "export", "--out", "out.csv").code == 0
    before = cli("subscriber", "export").out
    for address in (ADA, BEN):
        cli("subscriber", "remove", address)
    told = cli("subscriber", "import", "out.csv")
    assert (told.code, told.out, told.err) == (0, "2 subscribed\n", "")
    assert cli("subscriber", "export").out == before


def test_who_is_erased_cannot_be_added_and_the_ledger_still_balances(cli, collected):
    cli("subscriber", "add", ADA, "--phrase", "unlearning")
    cli("subscriber", "add", BEN, "--phrase", "unlearning")
    cli("publish")
    assert cli("subscriber", "erase", ADA).out == f"{ADA} is erased; only its owner can come back\n"
    assert "had everything erased" in cli("subscriber", "add", ADA, "--phrase", "moss").trouble
    cli("subscriber", "resend", BEN, "--date", today(cli), "--again")
    told = cli("publish")
    assert (told.code, "balance" in told.err) == (0, False)


def today(cli) -> str:
    return cli("deliveries", "--json").json_lines[0]["date"]


def set_states(home, state: str) -> None:
    with sqlite3.connect(home / "state" / "digest.db") as database:
        database.execute("UPDATE deliveries SET state = ?", (state,))


def test_an_edition_is_sent_once_more_and_never_twice_by_accident(cli, collected):
    cli("subscriber", "add", ADA, "--phrase", "unlearning")
    cli("publish")
    day = today(cli)
    told = cli("subscriber", "resend", ADA, "--date", day)
    assert (told.code, "--again" in told.trouble) == (2, True)
    told = cli("subscriber", "resend", ADA, "--date", day, "--again")
    assert told.out.endswith("1 delivery queued; `digest publish` sends it\n")
    told = cli("subscriber", "resend", ADA, "--date", day, "--again")
    assert (told.code, "waits to be sent already" in told.trouble) == (2, True)
    assert cli("publish").code == 0
    (row,) = cli("deliveries", "--json").json_lines
    assert (row["state"], row["attempts"]) == ("sent", 2)
    assert cli("subscriber", "resend", ADA, "--date", "2020-01-01").code == 2
    cli("subscriber", "pause", ADA)
    assert "resume first" in cli("subscriber", "resend", ADA, "--date", day, "--again").trouble


def test_an_edition_that_is_not_kept_any_more_is_not_sent_once_more(cli, collected, home):
    cli("subscriber", "add", ADA, "--phrase", "unlearning")
    cli("publish")
    with sqlite3.connect(home / "state" / "digest.db") as database:
        database.execute("UPDATE editions SET composed_at = '2026-01-01 00:00:00.000000'")
    database.close()
    settings = home / "config" / "digest.toml"
    settings.write_text(settings.read_text().replace("keep_days = 0", "keep_days = 90"))
    cli("publish")
    told = cli("subscriber", "resend", ADA, "--date", today(cli), "--again")
    assert (told.code, "is not kept any more" in told.trouble) == (2, True)


@pytest.mark.parametrize(
    ("verdict", "state"), [("sent", "sent"), ("resend", "queued"), ("drop", "failed")]
)
def test_an_unknown_outcome_is_decided_once(cli, collected, verdict, state):
    cli("subscriber", "add", ADA, "--phrase", "unlearning")
    cli("publish")
    set_states(collected, "unknown")
    told = cli("resolve", "#1", "--as", verdict)
    assert (told.code, told.out) == (0, f"1 delivery: {verdict}\n")
    assert [line["state"] for line in cli("deliveries", "--json").json_lines] == [state]
    told = cli("resolve", "1", "99", "--as", verdict)
    assert told.code == 3
    assert len(told.err.splitlines()) == 2


def test_all_unknown_outcomes_are_decided_alike(cli, collected):
    for address in (ADA, BEN):
        cli("subscriber", "add", address, "--phrase", "unlearning")
    cli("publish")
    set_states(collected, "unknown")
    assert cli("resolve", "--all-unknown", "--as", "sent", "--json").json["changed"] == 2
    assert cli("resolve", "--all-unknown", "--as", "sent", "--json").json["changed"] == 0
    for wrong in ([], ["1", "--all-unknown"], ["one"]):
        assert cli("resolve", "--as", "sent", *wrong).code
    assert cli("resolve", "1").code == 2
