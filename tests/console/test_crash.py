"""What is printed when the console itself fails."""

from __future__ import annotations

import pytest

from cleo_tui import crash
from cleo_tui.app import CleoApp
from cleo_tui.cli import parser
from tests.console.canned import CannedCleo, clock
from tests.waiting import until


@pytest.mark.parametrize(
    "text",
    [
        "redis://user:hunter2@host:6379/0",
        "can't parse 'rediss://:hunter2@host'",
        "unix://user:hunter2@/tmp/redis.sock",
        "redis://user:hun@ter2@host",
    ],
)
def test_passwords_are_taken_out_of_urls(text: str) -> None:
    cleaned = crash.without_passwords(text)
    assert "hunter2" not in cleaned
    assert "ter2" not in cleaned
    assert "***@" in cleaned


async def test_a_failure_is_reported_without_local_variables() -> None:
    app = CleoApp(CannedCleo, clock=clock)

    def fail() -> None:
        secret = "hunter2"
        raise RuntimeError(f"no drawing for redis://me:{secret}@host")

    async def run() -> None:
        async with app.run_test():
            await until(lambda: app.snapshot and app.snapshot.has_data)
            app.call_later(fail)
            await until(lambda: app.crash)

    with pytest.raises(RuntimeError):
        await run()
    report = str(crash.report(app.crash or RuntimeError()))
    assert "hunter2" not in report
    assert "redis://me:***@host" in report
    assert "nothing on the server was changed" in report


@pytest.mark.parametrize("words", [["--refresh", "0"], ["--refresh", "soon"], ["--theme", "pink"]])
def test_bad_arguments_are_refused(words: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parser().parse_args(words)
    assert ended.value.code == 2
