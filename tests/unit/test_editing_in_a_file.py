"""Handing arguments to an editor by way of a file, where there may be no room for one."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from cleo_tui.data.editing import EditorFailed, edited


def test_what_the_editor_leaves_is_what_was_edited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISUAL", "sed -i s/one/two/")
    assert edited("one\n", "task") == "two\n"


def test_no_room_for_the_file_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(EditorFailed, match="can't be kept in a file"):
        edited("one", "task")


def test_a_text_that_no_file_can_hold_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISUAL", "true")
    with pytest.raises(EditorFailed, match="can't be kept in a file"):
        edited("\ud800", "task")


def test_an_editor_that_is_none_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISUAL", "no-such-editor")
    with pytest.raises(EditorFailed, match="no-such-editor"):
        edited("one", "task")
