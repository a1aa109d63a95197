"""The command on the ledger."""

from digest.cli.ledger import State
from digest.models import DeliveryState


def test_the_states_are_those_of_the_ledger():
    assert {state.value for state in State} == {state.value for state in DeliveryState}


def test_deliveries_tell_to_whom_and_what_became_of_them(cli, collected):
    assert cli("deliveries").out == "no deliveries\n"
    for name in ("ada", "ben"):
        cli("subscriber", "add", f"{name}@example.org", "--phrase", "unlearning")
    cli("publish")
    told = cli("deliveries")
    assert (told.code, told.err) == (0, "")
    assert [line.split()[2:5] for line in told.out.splitlines()] == [
        ["ben@example.org", "outbox", "sent:"],
        ["ada@example.org", "outbox", "sent:"],
    ]
    (mine,) = cli("deliveries", "--for", "ada@example.org", "--json").json_lines
    assert (mine["address"], mine["state"], mine["attempts"]) == ("ada@example.org", "sent", 1)
    assert cli("deliveries", "--state", "unknown").out == "no deliveries\n"


def test_deliveries_of_nobody_are_wrong_use(cli, collected):
    told = cli("deliveries", "--for", "eve@example.org")
    assert told.code == 2
    assert "eve@example.org" in told.trouble
