"""Before many things are changed: how many, and is that meant?"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from cleo_core.cli.connecting import Run
from cleo_core.cli.exits import Failed, Misused
from cleo_core.cli.words import clean

SAMPLE = 5


def confirm(run: Run, what: str, *, sample: Sequence[str] = (), yes: bool) -> None:
    """Go on only with ``--yes`` or a person's yes. ``what`` is the change, such as ``cancel 1,200 tasks of emails``.

    Raises:
        Misused: nobody can be asked, and ``--yes`` was not given.
        Failed: the answer was no.
    """
    if yes:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise Misused(f"This would {what}. Nobody can be asked here: add --yes to do it, or --dry-run to look first.")
    for line in sample[:SAMPLE]:
        run.out.say(f"  {clean(line)}")
    sys.stderr.write(f"This will {what}. Go on? [y/N] ")
    sys.stderr.flush()
    answer = sys.stdin.readline()
    if answer.strip().lower() not in {"y", "yes"}:
        raise Failed("Nothing was done.")
