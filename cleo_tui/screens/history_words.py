"""What can be typed after ``:history``: ``all``, ``@emails``, ``group acme @emails``, ``worker w1``, ``24h``."""

from __future__ import annotations

from collections.abc import Sequence

from cleo_tui.data.lookups import Ask, Kind
from cleo_tui.data.past import Scope
from cleo_tui.data.snapshot import Snapshot
from cleo_tui.data.spans import SPANS

ALL = "all"
KINDS = ("group", "worker", "task")
USAGE = "[all|@QUEUE|group NAME @QUEUE|worker ID|task NAME] [RANGE]"


def completed_words(words: Sequence[str], snapshot: Snapshot) -> Sequence[str | Ask]:
    """Completes what is known: kinds, queues, ranges, workers and task names."""
    queues = [f"@{queue.name}" for queue in snapshot.queues]
    if not words:
        return [ALL, *queues, *KINDS, *(span.word for span in SPANS)]
    if words in (["worker"], ["task"]):
        return [Ask(Kind.WORKERS if words == ["worker"] else Kind.TASK_NAMES)]
    return queues if words[0] in KINDS else [span.word for span in SPANS]


def scope_of(words: Sequence[str], queue: str | None) -> Scope | None:
    """What the words name; a group without its queue is looked for in ``queue``. None if they name nothing.

    A name may have spaces. The last word with an ``@`` is the queue, of a worker or task behind its name only; a group
    may be named by its queue alone, which is the group of the tasks that have none.
    """
    kind, *rest = words
    if kind not in KINDS:
        if len(words) > 1:
            return None
        return Scope() if kind == ALL else Scope(kind.removeprefix("@"))
    inside = None
    if len(rest) > (0 if kind == "group" else 1) and rest[-1].startswith("@"):
        inside = rest.pop().removeprefix("@")
    name = " ".join(rest)
    if kind == "group":
        return Scope(inside or queue, group=name) if inside or queue else None
    if not name:
        return None
    return Scope(inside, worker=name) if kind == "worker" else Scope(inside, name=name)
