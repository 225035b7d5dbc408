"""What the terminal is sent to copy and to notify, alone and through multiplexers."""

from __future__ import annotations

import base64

from cleo_tui.terminal import clipboard, notification

OSC52 = "\x1b]52;c;" + base64.b64encode(b"mail-1").decode() + "\a"


def test_a_terminal_is_told_as_it_is() -> None:
    assert clipboard("mail-1", {"TERM": "xterm-256color"}) == OSC52


def test_tmux_hears_it_and_passes_it_on() -> None:
    doubled = OSC52.replace("\x1b", "\x1b\x1b")
    assert clipboard("mail-1", {"TMUX": "/tmp/tmux-0/default,1,0"}) == f"{OSC52}\x1bPtmux;{doubled}\x1b\\"


def test_screen_passes_it_on_in_pieces_that_it_can_hold() -> None:
    sent = clipboard("x" * 3_000, {"TERM": "screen-256color"})
    pieces = sent.removeprefix("\x1bP").removesuffix("\x1b\\").split("\x1b\\\x1bP")
    assert max(map(len, pieces)) <= 768
    assert base64.b64decode("".join(pieces).removeprefix("\x1b]52;c;").removesuffix("\a")) == b"x" * 3_000


def test_what_others_wrote_can_not_break_out_of_a_notification() -> None:
    assert notification("no\x1b]52;c;AAAA\a good\n", {}) == "\x1b]9;no ]52;c;AAAA  good \a"
