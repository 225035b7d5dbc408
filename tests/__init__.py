"""The tests. What their helpers assert is told as what they assert themselves: with the values."""

import pytest

pytest.register_assert_rewrite("tests.leaks", "tests.waiting", "tests.pasts", "tests.chaos.scenes")
