"""Settings of groups as they are written on a command line; ``none`` takes one away."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from cleo_core.cli.exits import Misused

NONE = "none"

Concurrency = Annotated[str | None, typer.Option("--concurrency", metavar="N", help="How many may run at once.")]
Weight = Annotated[str | None, typer.Option("--weight", metavar="X", help="Its share beside other groups.")]
Priority = Annotated[str | None, typer.Option("--priority", metavar="N", help="Its rank under the strategy priority.")]
RateLimitText = Annotated[str | None, typer.Option("--rate-limit", metavar="LIMIT", help="100/s, 60/m, 5/10s.")]
Order = Annotated[str | None, typer.Option("--order", metavar="ORDER", help="priority, fifo or lifo.")]
Paused = Annotated[bool | None, typer.Option("--paused/--running", help="Whether workers leave it alone.")]
MaxRetries = Annotated[str | None, typer.Option("--max-retries", metavar="N", help="How often its tasks are retried.")]
BackoffText = Annotated[
    str | None,
    typer.Option("--backoff", metavar="KIND:SECONDS", help="fixed:2, exponential:1, or exponential:1:300."),
]
Timeout = Annotated[str | None, typer.Option("--timeout", metavar="SECONDS", help="How long an attempt may take.")]
Retention = Annotated[str | None, typer.Option("--retention", metavar="SECONDS", help="How long ended ones are kept.")]
MaxDeliveries = Annotated[str | None, typer.Option("--max-deliveries", metavar="N", help="How many workers may die.")]
DeadRetention = Annotated[
    str | None, typer.Option("--dead-retention", metavar="SECONDS", help="How long dead letters are kept.")
]

NUMBERS: dict[str, type[int] | type[float]] = {
    "concurrency": int,
    "weight": float,
    "priority": int,
    "max_retries": int,
    "timeout": float,
    "retention": int,
    "max_deliveries": int,
    "dead_retention": int,
}


def settings_of(**given: str | bool | None) -> dict[str, Any]:
    """The settings that were given, as the engine takes them.

    Raises:
        Misused: none was given, or one can't be read.
    """
    settings = {name: _value(name, value) for name, value in given.items() if value is not None}
    if not settings:
        raise Misused("Nothing is to be changed. Name a setting, such as --concurrency 3.")
    return settings


def _value(name: str, value: str | bool) -> Any:
    if isinstance(value, bool):
        return value
    if value.lower() == NONE:
        return None
    if name == "backoff":
        return _backoff(value)
    kind = NUMBERS.get(name)
    if kind is None:
        return value
    try:
        return kind(value)
    except ValueError:
        what = "a whole number" if kind is int else "a number"
        raise Misused(f"--{name.replace('_', '-')} takes {what} or {NONE}, not {value!r}.") from None


def _backoff(text: str) -> dict[str, Any]:
    kind, *numbers = text.split(":")
    try:
        values = [float(number) for number in numbers]
    except ValueError:
        values = []
    if kind not in {"fixed", "exponential"} or len(values) not in {1, 2}:
        raise Misused(f"--backoff can't be {text!r}. Write fixed:2, exponential:1, or exponential:1:300.")
    return {"kind": kind, "base": values[0], "maximum": values[-1] if len(values) > 1 else max(values[0], 3600.0)}
