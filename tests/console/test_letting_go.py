"""The process ends with its terminal, whatever of it is still at work."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

BUSY = """
import sys, threading, time
from cleo_tui import cli
def run(_arguments):
    threading.Thread(target=lambda: [time.sleep(0.01) for _ in range(6000)]).start()
    sys.stdin.read()
    return 0
cli._run = run
cli.start()
"""


@pytest.mark.parametrize("gone", [True, False])
def test_a_thread_does_not_keep_the_process_of_a_terminal_that_is_gone(gone: bool) -> None:
    outside, inside = pty.openpty()
    process = subprocess.Popen([sys.executable, "-c", BUSY], stdin=inside, stdout=inside, stderr=subprocess.DEVNULL)
    try:
        os.close(inside)
        if gone:
            os.close(outside)
            assert process.wait(60) == 129
        else:
            os.write(outside, b"\x04")
            # Who still has a terminal waits for what is at work.
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(4)
    finally:
        process.kill()
        process.wait(5)
        if not gone:
            os.close(outside)
