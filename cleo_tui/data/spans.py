"""The ranges of time that the history shows: how long, in how fine steps, and how often it is worth reading anew."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """A range up to now, in seconds: its ``length``, the ``step`` of its charts, the ``pace`` of its reading."""

    label: str
    length: float
    step: float
    pace: float

    @property
    def word(self) -> str:
        """The label as a command takes it: ``15min``."""
        return self.label.replace(" ", "")


MINUTE, HOUR, DAY = 60.0, 3_600.0, 86_400.0
# Up to 180 points each: about two columns of dots in the narrowest terminal. What one more minute changes in a chart
# of 30 days nobody could see, so that is not read every other second.
SPANS = (
    Span("15 min", 15 * MINUTE, MINUTE, 5.0),
    Span("1 h", HOUR, MINUTE, 10.0),
    Span("6 h", 6 * HOUR, 2 * MINUTE, 30.0),
    Span("24 h", DAY, 10 * MINUTE, 60.0),
    Span("7 d", 7 * DAY, HOUR, 120.0),
    Span("30 d", 30 * DAY, 4 * HOUR, 300.0),
)
FIRST_SPAN = SPANS[1]


def span_of(word: str) -> Span | None:
    """The range that a word names, as it is shown or typed."""
    return next((span for span in SPANS if word in {span.label, span.word}), None)
