"""A worker process of ``cleo worker``, started by its supervisor with the plan in the environment."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from importlib import import_module

from cleo_core.cli.endings import exit_code
from cleo_core.cli.loading import load_cleo
from cleo_core.cli.logs import set_up_logging
from cleo_core.cli.supervisor import WorkerPlan
from cleo_core.errors import CleoError

LOG = logging.getLogger("cleo.worker")


def main() -> None:
    """Work by the plan until SIGTERM. Exits 0 when everything was settled or handed back, or with a code that tells
    the supervisor not to replace it, or to do so at once.
    """
    plan = WorkerPlan(**json.loads(os.environ["CLEO_WORKER_PLAN"]))
    set_up_logging(plan.log_level, as_json=plan.log_json)
    with suppress(ImportError):
        import_module("uvloop").install()
    try:
        code = asyncio.run(_work(plan))
    except CleoError as error:
        LOG.critical("%s", error)
        _leave(1)
    else:
        _leave(code)


async def _work(plan: WorkerPlan) -> int:
    cleo = load_cleo(plan.target)
    # What is loaded now stays; the collector need not look at it again, nor after each few hundred tasks.
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)
    worker = cleo.worker(plan.queues, strict=plan.strict, worker_id=os.environ["CLEO_WORKER_ID"], **plan.settings)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, worker.stop)
    parent = int(os.environ["CLEO_SUPERVISOR"])
    threading.Thread(target=_follow, args=(parent, loop, worker.stop), name="cleo-follow", daemon=True).start()
    worker.be_replaceable()
    await worker.run()
    return exit_code(worker.ending, worker.unsettled)


def _follow(parent: int, loop: asyncio.AbstractEventLoop, stop: object) -> None:
    """Stop when the supervisor is gone (killed), so that no process is left that nobody looks after."""
    while os.getppid() == parent:
        time.sleep(0.5)
    if callable(stop) and not loop.is_closed():
        LOG.warning("The supervisor is gone; this process finishes what runs and ends.")
        loop.call_soon_threadsafe(stop)


def _leave(code: int) -> None:
    """End without waiting for threads of tasks that can't be stopped; what they held has been handed back."""
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
