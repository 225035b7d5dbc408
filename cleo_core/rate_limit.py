"""Rate limits of queues and groups."""

from __future__ import annotations

import math
import re
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cleo_core.errors import InvalidOption

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_TEXT = re.compile(r"(\d+)\s*/\s*(\d*\.?\d*)\s*(ms|s|m|h|d)(?:\s+burst\s+(\d+))?")


class RateLimit(BaseModel):
    """At most ``tasks`` a ``per`` seconds, evenly spaced, and up to ``burst`` at once after a pause.

    In any stretch of ``t`` seconds at most ``burst + t * tasks / per`` tasks are claimed. The burst is, unless given,
    what a tenth of a second is worth, and at least 1. The algorithm is GCRA, the generic cell rate algorithm (ITU-T
    I.371).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    tasks: Annotated[int, Field(ge=1, le=1_000_000_000)]
    per: Annotated[float, Field(ge=1e-9, le=86_400 * 365, allow_inf_nan=False)] = 1.0
    burst: Annotated[int, Field(ge=1, le=1_000_000_000)] | None = None

    @classmethod
    def parse(cls, value: RateLimit | str | tuple[int, float]) -> RateLimit:
        """A limit from ``"100/s"``, ``"60/m"``, ``"5/10s"``, ``"100/s burst 20"`` or ``(tasks, seconds)``.

        Raises:
            InvalidOption: it can't be understood, or a number is out of range.
        """
        if isinstance(value, RateLimit):
            return value
        try:
            if not isinstance(value, str):
                return cls(tasks=value[0], per=value[1])
            match = _TEXT.fullmatch(value.strip())
            if match is None:
                raise InvalidOption(
                    f"The rate limit {value!r} can't be understood. Write it as 100/s, 60/m, 5/10s or 100/s burst 20."
                )
            tasks, count, unit, burst = match.groups()
            given = {"tasks": int(tasks), "per": float(count or 1) * _UNITS[unit]}
            return cls.model_validate({**given, "burst": int(burst)} if burst else given)
        except ValidationError as error:
            first = error.errors()[0]
            raise InvalidOption(f"The rate limit {value!r} can't be: {first['msg']}.") from None
        except (TypeError, ValueError, IndexError) as error:
            raise (
                error
                if isinstance(error, InvalidOption)
                else InvalidOption(f"The rate limit {value!r} can't be understood. Write it as 100/s or (100, 1.0).")
            ) from None

    @property
    def at_once(self) -> int:
        """How many may go at once after a pause: ``burst``, or what a tenth of a second is worth, at least 1."""
        return self.burst if self.burst is not None else max(1, math.ceil(self.tasks / self.per / 10))

    @property
    def every_ms(self) -> float:
        """The time between two tasks, in milliseconds."""
        return self.per * 1000 / self.tasks

    @staticmethod
    def fields(limit: RateLimit | None) -> dict[str, str]:
        """A limit as it is stored; empty texts for none."""
        if limit is None:
            return {"every": "", "burst": "", "rate": ""}
        return {"every": f"{limit.every_ms:.17g}", "burst": str(limit.at_once), "rate": str(limit)}

    def __str__(self) -> str:
        """As ``parse`` takes it."""
        units = {1.0: "s", 60.0: "m", 3600.0: "h", 86400.0: "d"}
        every = units.get(self.per, f"{self.per:.12f}".rstrip("0").rstrip(".") + "s")
        return f"{self.tasks}/{every}" + (f" burst {self.burst}" if self.burst is not None else "")
