"""A script, or a Flask or Django view, without an event loop: it enqueues, waits and asks by ``cleo.sync``.

Run it with ``python examples/blocking_script.py`` while a worker runs in another terminal:

    CLEO_REDIS_URL=redis://localhost:6379/0 cleo worker examples.blocking_script:cleo
"""

from __future__ import annotations

import os
import sys

from cleo_core import Cleo, TaskFailed

cleo = Cleo(os.environ.get("CLEO_REDIS_URL", "redis://localhost:6379/0"), namespace="example-script")


@cleo.task(queue="thumbnails", max_retries=0)
def shrink(width: int, height: int, longest: int = 100) -> tuple[int, int]:
    """The size of a thumbnail."""
    scale = longest / max(width, height)
    return round(width * scale), round(height * scale)


def main() -> int:
    """Enqueue some, wait for them, and show one that fails."""
    handles = cleo.sync.enqueue_many(shrink, [(640, 480), (480, 640), (1_000, 1_000)])
    for handle in handles:
        print("x".join(map(str, handle.result(timeout=10))))
    try:
        cleo.sync.enqueue(shrink.options(retention=60), 0, 0).result(timeout=10)
    except TaskFailed as failure:
        print(failure.error)
    stats = cleo.sync.queues.stats("thumbnails")
    print(f"{stats.completed} completed, {stats.dead} dead")
    return 0


if __name__ == "__main__":
    sys.exit(main())
