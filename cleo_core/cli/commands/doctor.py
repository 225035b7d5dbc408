"""``cleo doctor``: what is wrong or will be, and how to mend it."""

from __future__ import annotations

from collections.abc import Iterator

from cleo_core.cli.commanding import alone, command
from cleo_core.cli.connecting import Run
from cleo_core.cli.exits import Failed
from cleo_core.cli.tables import Colour, Look
from cleo_core.cli.words import clean, count
from cleo_core.models import Check, CheckStatus

app = alone()

COLOURS = {
    CheckStatus.OK: Colour.GREEN,
    CheckStatus.WARN: Colour.YELLOW,
    CheckStatus.BAD: Colour.RED,
    CheckStatus.UNKNOWN: Colour.DIM,
}


@command(app, "doctor", shows=list[Check])
async def doctor(run: Run) -> None:
    """Check the server, this user's access, the queues and their workers, and say how to mend what is wrong.

    Ends with exit code 1 if something is bad.
    """
    checks = await run.cleo.doctor()
    run.out.show(checks, lambda look: "\n".join(line for check in checks for line in _lines(look, check)))
    bad = sum(check.status is CheckStatus.BAD for check in checks)
    if bad:
        raise Failed(f"{count(bad, 'check is', 'checks are')} bad.")


def _lines(look: Look, check: Check) -> Iterator[str]:
    status = look.paint(f"{check.status.value:<8}", COLOURS[check.status])
    yield f"{status} {clean(check.name)}: {clean(check.measured)}"
    if check.status is not CheckStatus.OK:
        yield f"         {clean(check.means)}"
        if check.mend:
            yield f"         {look.paint(clean(check.mend), Colour.BOLD)}"
