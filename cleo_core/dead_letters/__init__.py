"""Dead letters: tasks that failed for good, kept whole until somebody decides."""

from cleo_core.dead_letters.filters import DeadLetterFilter
from cleo_core.dead_letters.retrying import Retrying
from cleo_core.dead_letters.service import DeadLetters

__all__ = ["DeadLetterFilter", "DeadLetters", "Retrying"]
