"""Numbers and times as the commands write them."""

from __future__ import annotations

import pytest

from cleo_core.cli.words import duration


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (None, "-"), (0.0, "0 ms"), (0.000369, "0.369 ms"), (0.0082, "8.2 ms"), (0.0973, "97.3 ms"), (0.142, "142 ms"),
        (0.9994, "999 ms"), (0.9995, "1.0 s"), (2.34, "2.3 s"), (9.94, "9.9 s"), (12.4, "12 s"), (59.4, "59 s"),
        (59.5, "1 min"), (200.0, "3 min 20 s"), (7_200.0, "2 h"), (273_600.0, "3 d 4 h"), (-0.25, "-250 ms"),
    ],
)  # fmt: skip
def test_a_length_of_time(seconds: float | None, said: str) -> None:
    assert duration(seconds) == said
