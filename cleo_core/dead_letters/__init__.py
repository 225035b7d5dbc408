"""Dead letters: tasks that failed for good, kept whole until somebody decides."""

from cleo_core.dead_letters.service import DeadLetters

__all__ = ["DeadLetters"]
