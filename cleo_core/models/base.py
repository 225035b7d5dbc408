"""The base of every model."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Model(BaseModel):
    """The base of what Cleo hands out: frozen, and closed to unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")
