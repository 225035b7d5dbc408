"""The console where only the engine is installed."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize("missing", ["textual", "plotext", "platformdirs", "textual_serve"])
def test_the_console_says_what_to_install(missing: str) -> None:
    code = f"import sys; sys.modules[{missing!r}] = None; import cleo_tui.cli as cli; cli.main(['demo'])"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert ended.stderr == f"cleo-tui: {missing} is missing. Install the console: pip install 'cleo-tasks[tui]'\n"
