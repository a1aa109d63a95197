"""What is logged: readable lines on standard error, without addresses, tokens or values."""

import json
from datetime import datetime

import pytest
import structlog

from digest.config import LogSettings
from digest.logs import configure_logging

PASSWORD = "correct horse battery"


@pytest.fixture
def restored_logging():
    yield
    structlog.reset_defaults()


def test_logs_go_to_standard_error_as_text(restored_logging, capsys) -> None:
    configure_logging(LogSettings())
    structlog.get_logger().warning("feed failed", feed="pond", error="no answer")
    said = capsys.readouterr()
    assert said.out == ""
    assert "warning" in said.err
    assert "feed failed" in said.err
    assert "error='no answer'" in said.err
    assert "\x1b" not in said.err  # no colours where no terminal is


def test_logs_as_json_are_one_object_a_line(restored_logging, capsys) -> None:
    configure_logging(LogSettings(format="json"))
    log = structlog.get_logger()
    log.info("started", channels=["smtp"])
    try:
        raise RuntimeError("boom\nin two lines")
    except RuntimeError:
        log.exception("tick failed")
    first, second = map(json.loads, capsys.readouterr().err.splitlines())
    assert (first["event"], first["level"], first["channels"]) == ("started", "info", ["smtp"])
    assert datetime.fromisoformat(first["timestamp"]).tzinfo is not None
    assert "RuntimeError: boom" in second["exception"]


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_traceback_in_the_log_shows_no_values(restored_logging, capsys, form) -> None:
    configure_logging(LogSettings(format=form))
    password = PASSWORD
    try:
        raise RuntimeError("boom")
    except RuntimeError:
        structlog.get_logger().exception("tick failed")
    said = capsys.readouterr().err
    assert "RuntimeError: boom" in said
    assert password not in said


@pytest.mark.parametrize(
    ("level", "shown"),
    [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)],
)
def test_only_what_is_grave_enough_is_logged(restored_logging, capsys, level, shown) -> None:
    configure_logging(LogSettings(level=level, format="json"))
    log = structlog.get_logger()
    for name in ("debug", "info", "warning", "error"):
        getattr(log, name)("said")
    assert len(capsys.readouterr().err.splitlines()) == shown


@pytest.mark.parametrize("form", ["text", "json"])
def test_what_a_server_said_of_a_reader_is_not_logged(restored_logging, capsys, form) -> None:
    configure_logging(LogSettings(format=form))
    try:
        raise RuntimeError(
            "550 <ada@example.org>: see https://d.example/manage/AQEAAAABAAAAAAAAAAA"
        )
    except RuntimeError as error:
        structlog.get_logger().exception("handing over failed", error=str(error))
    said = capsys.readouterr().err
    assert "ada" not in said
    assert "AQEAAAAB" not in said
    assert said.count("@example.org>: see https://d.example/manage/") == 2


def test_what_a_server_said_cannot_forge_a_line_of_the_log(restored_logging, capsys) -> None:
    configure_logging(LogSettings())
    structlog.get_logger().warning("feed failed", error="no\n2026 [info] all is well\x1b[2J")
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 1
    assert "\x1b" not in said
