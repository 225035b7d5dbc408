"""The line above the footer in which a filter or a command is typed, with what could come next beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.suggester import Suggester
from textual.widgets import Input, Label

from cleo_tui.actions import Action, app_of
from cleo_tui.theme import Role, inked

Candidates = Callable[[str], Sequence[str]]


class Purpose(Enum):
    """What is typed; the value is the sign in front of it."""

    FILTER = "/"
    COMMAND = ":"


KEYS = {
    Purpose.FILTER: (
        Action("enter", ("enter",), "Keep the filter.", label="keep"),
        Action("leave", ("escape",), "Clear the filter.", label="clear"),
    ),
    Purpose.COMMAND: (
        Action("enter", ("enter",), "Do it.", label="do it"),
        Action("complete", ("tab",), "Take what is suggested.", label="complete"),
        Action("earlier", ("up",), "The command given before.", label="earlier"),
        Action("leave", ("escape",), "Give it up.", label="leave"),
    ),
}


class Prompt(Horizontal):
    """One line of input. Enter keeps a filter or gives a command, Esc gives it up, Tab takes what is suggested, and the
    arrows go through the commands given before.
    """

    class Typed(Message):
        """The text has changed."""

        def __init__(self, purpose: Purpose, text: str) -> None:
            super().__init__()
            self.purpose, self.text = purpose, text

    class Entered(Typed):
        """Enter was pressed."""

    class Left(Message):
        """Esc was pressed."""

        def __init__(self, purpose: Purpose) -> None:
            super().__init__()
            self.purpose = purpose

    def __init__(self) -> None:
        super().__init__()
        self._purpose = Purpose.FILTER
        self._candidates: Candidates = lambda _text: ()
        self.display = False

    def compose(self) -> ComposeResult:
        """The sign, the input, and the candidates."""
        yield Label(id="prompt-sign")
        yield PromptInput()
        yield Label(id="prompt-hint")

    @property
    def input(self) -> Input:
        """What is typed into."""
        return self.query_one(PromptInput)

    @property
    def keys(self) -> Sequence[Action]:
        """The keys for what is typed: all others are letters now."""
        return KEYS[self._purpose] if self.display else ()

    async def press(self, name: str) -> None:
        """Do what one of those keys does."""
        if name == "enter":
            await self.input.action_submit()
        elif name == "complete":
            self.complete()
        elif name == "earlier":
            self.recall(-1)
        else:
            self.leave()

    def open(self, purpose: Purpose, text: str, candidates: Candidates, hint: str = "") -> None:
        """Let something be typed."""
        self._purpose, self._candidates = purpose, candidates
        self.query_one("#prompt-sign", Label).update(inked(f" {purpose.value} ", Role.ACCENT))
        self.query_one("#prompt-hint", Label).update(inked(hint, Role.MUTED))
        self.display = True
        app_of(self).recall.begin()
        self.input.suggester = CandidateSuggester(candidates) if purpose is Purpose.COMMAND else None
        with self.input.prevent(Input.Changed):
            self.input.value = text
        self.input.cursor_position = len(text)
        # At once, not after what is in the queue: the next keys are meant for the prompt.
        self.screen.set_focus(self.input)
        self._hint(text)

    def takes(self, event: events.Key) -> bool:
        """Take a character that was typed so fast after the prompt's key that something else had the focus still."""
        if not self.display or not event.is_printable or event.character is None:
            return False
        self.input.insert_text_at_cursor(event.character)
        return True

    def hint_again(self) -> None:
        """There may be other candidates than before."""
        if self.display:
            self._hint(self.input.value)

    def close(self) -> None:
        """Nothing is typed any more."""
        self.display = False

    def _hint(self, text: str) -> None:
        if self._purpose is Purpose.COMMAND:
            words = [candidate.rsplit(" ", 1)[-1] for candidate in self._candidates(text)]
            hint = "  ".join(words[:8]) + ("  …" if len(words) > 8 else "")
            self.query_one("#prompt-hint", Label).update(inked(f"{hint} ", Role.MUTED))

    def on_input_changed(self, event: Input.Changed) -> None:
        """Pass on what is typed."""
        event.stop()
        self._hint(event.value)
        self.post_message(self.Typed(self._purpose, event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Pass on what was entered."""
        event.stop()
        self.close()
        if self._purpose is Purpose.COMMAND:
            app_of(self).recall.keep(event.value)
        self.post_message(self.Entered(self._purpose, event.value))

    def leave(self) -> None:
        """Give up."""
        self.close()
        self.post_message(self.Left(self._purpose))

    def recall(self, by: int) -> None:
        """Type a command that was given before, or one after it."""
        if self._purpose is Purpose.COMMAND:
            self.input.value = app_of(self).recall.go(by, self.input.value)
            self.input.cursor_position = len(self.input.value)

    def complete(self) -> None:
        """Take the first candidate."""
        candidates = self._candidates(self.input.value)
        if candidates:
            self.input.value = candidates[0] + " "
            self.input.cursor_position = len(self.input.value)


class PromptInput(Input):
    """An input that gives Esc and Tab to the prompt it is in."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "leave"), ("tab", "complete"), ("up", "recall(-1)"), ("down", "recall(1)"),
    ]  # fmt: skip

    def __init__(self) -> None:
        super().__init__(compact=True, select_on_focus=False)
        self.cursor_blink = False

    @property
    def _prompt(self) -> Prompt:
        prompt = self.parent
        assert isinstance(prompt, Prompt)
        return prompt

    def action_leave(self) -> None:
        """Give up."""
        self._prompt.leave()

    def action_complete(self) -> None:
        """Take the first candidate."""
        self._prompt.complete()

    def action_recall(self, by: int) -> None:
        """Go through the commands given before; a filter has none, and the list stays where it is."""
        self._prompt.recall(by)


class CandidateSuggester(Suggester):
    """Shows the rest of the first candidate behind the cursor."""

    def __init__(self, candidates: Candidates) -> None:
        super().__init__(use_cache=False)
        self._candidates = candidates

    async def get_suggestion(self, value: str) -> str | None:
        """The first candidate."""
        found = self._candidates(value) if value else ()
        return found[0] if found else None
