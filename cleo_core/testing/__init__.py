"""Testing programs that use Cleo: run tasks where they are enqueued, or what waits with a worker of the test's own.

The pytest fixtures are in ``cleo_core.testing.fixtures``.
"""

from cleo_core.testing.draining import NotDrained, drain
from cleo_core.testing.eager import Eager, EagerTask, eager

__all__ = ["Eager", "EagerTask", "NotDrained", "drain", "eager"]
