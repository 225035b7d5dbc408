"""Logging of the commands."""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Iterator

import pytest

from cleo_core import InvalidOption
from cleo_core.cli.logs import JsonFormatter, set_up_logging


@pytest.fixture
def root_logger() -> Iterator[None]:
    """The handlers are as before after the test."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def _record(message: str, *args: object, **more: object) -> logging.LogRecord:
    return logging.getLogger("cleo.test").makeRecord(
        "cleo.test",
        logging.WARNING,
        __file__,
        1,
        message,
        args,
        None,
        **more,  # pyright: ignore[reportArgumentType]
    )


def test_a_record_is_one_line_of_json() -> None:
    line = JsonFormatter().format(_record("two\nlines of %s ✓", "tea"))
    assert "\n" not in line
    assert "✓" in line
    entry = json.loads(line)
    assert (entry["level"], entry["logger"], entry["message"]) == ("warning", "cleo.test", "two\nlines of tea ✓")
    assert entry["pid"] == os.getpid()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", entry["time"])
    assert "traceback" not in entry


def test_the_time_is_in_utc() -> None:
    record = _record("x")
    record.created, record.msecs = 0.25, 250.0
    assert json.loads(JsonFormatter().format(record))["time"] == "1970-01-01T00:00:00.250Z"


def test_an_error_is_told_with_its_traceback() -> None:
    error = ValueError("no tea")
    record = logging.getLogger("cleo.test").makeRecord(
        "cleo.test", logging.ERROR, __file__, 1, "failed", (), (ValueError, error, None)
    )
    line = JsonFormatter().format(record)
    assert "\n" not in line
    assert "ValueError: no tea" in json.loads(line)["traceback"]


@pytest.mark.parametrize("as_json", [False, True])
def test_what_is_below_the_level_is_not_logged(
    capsys: pytest.CaptureFixture[str], root_logger: None, as_json: bool
) -> None:
    set_up_logging("warning", as_json=as_json)
    logging.getLogger("cleo.test").info("quiet")
    logging.getLogger("cleo.test").warning("loud")
    (line,) = capsys.readouterr().err.splitlines()
    assert "loud" in line
    assert not as_json or json.loads(line)["message"] == "loud"


def test_setting_up_twice_logs_each_line_once(capsys: pytest.CaptureFixture[str], root_logger: None) -> None:
    set_up_logging("info", as_json=False)
    set_up_logging("INFO", as_json=False)
    logging.getLogger("cleo.test").info("once")
    assert capsys.readouterr().err.count("once") == 1


def test_an_unknown_level_is_refused_with_those_there_are() -> None:
    with pytest.raises(InvalidOption, match=r"no log level 'loud'.*debug, info, warning, error"):
        set_up_logging("loud", as_json=False)
