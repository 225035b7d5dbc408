"""An answer of the server that can't be understood is told as one that was refused is."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from cleo_core.errors import CleoError


@contextmanager
def understood() -> Generator[None]:
    """Whoever asks within it has but one kind of error to deal with: that of the engine."""
    try:
        yield
    except CleoError:
        raise
    except ValueError as error:
        raise CleoError(
            f"What the server holds can't be understood ({error}). Is it of another version of Cleo?"
        ) from error
