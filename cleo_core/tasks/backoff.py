"""How long to wait before another attempt."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

T = TypeVar("T")

BackoffKind = Literal["fixed", "exponential"]


class Backoff(BaseModel):
    """The waits between attempts, in seconds. Made by ``Backoff.fixed`` or ``Backoff.exponential``.

    With ``jitter`` a wait is drawn evenly from zero to its full length ("full jitter", Marc Brooker, *Exponential
    Backoff And Jitter*, AWS Architecture Blog, 2015), so that tasks which failed together don't come back together.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: BackoffKind
    base: Annotated[float, Field(ge=0, le=86_400 * 30, allow_inf_nan=False)]
    maximum: Annotated[float, Field(ge=0, le=86_400 * 30, allow_inf_nan=False)] = 3_600.0
    jitter: bool = False

    @classmethod
    def fixed(cls, delay: float, *, jitter: bool = False) -> Backoff:
        """Wait ``delay`` seconds before each attempt."""
        return cls(kind="fixed", base=delay, maximum=max(delay, 0.0), jitter=jitter)

    @classmethod
    def exponential(cls, base: float = 1.0, *, maximum: float = 3_600.0, jitter: bool = True) -> Backoff:
        """Wait ``base`` seconds before the second attempt, then twice as long each time, up to ``maximum``."""
        return cls(kind="exponential", base=base, maximum=maximum, jitter=jitter)

    def delay(self, failures: int) -> float:
        """The wait after the given number of failures (1 or more), in seconds."""
        full = self.base
        if self.kind == "exponential":
            full = min(self.maximum, self.base * 2.0 ** min(failures - 1, 60))
        return random.uniform(0, full) if self.jitter else full


async def retry_with_backoff(
    operation: Callable[[], Awaitable[T]],
    retries: int = 3,
    base: float = 1.0,
    *,
    backoff: Backoff | None = None,
    retry_on: tuple[type[Exception], ...] = (Exception,),
) -> T:
    """Await ``operation()``, and again up to ``retries`` times while it raises one of ``retry_on``.

    The waits are exponential from ``base`` seconds with jitter, unless a ``backoff`` is given. The last error is
    raised.
    """
    waits = backoff or Backoff.exponential(base)
    failures = 0
    while True:
        try:
            return await operation()
        except retry_on:
            failures += 1
            if failures > retries:
                raise
            await asyncio.sleep(waits.delay(failures))
