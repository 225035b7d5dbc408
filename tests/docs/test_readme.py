"""The documents tell the truth: their code runs, their commands and links exist, and so do the names they mention."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import pytest

from cleo_core import Limits, RedisSettings, WorkerSettings
from cleo_core.cli.tree import commands
from cleo_core.scripts.loading import load, script_names
from cleo_core.version import __version__
from tests.docs.documents import DOCUMENTS, ROOT, Block, Document, codes_in, document
from tests.docs.names import missing, shown_keys
from tests.servers import Server

SAVED_AS, RUNS_AFTER = "saved as: ", "runs after: "
BLOCKS = [block for document in DOCUMENTS for block in document.blocks]
PYTHON = [block for block in BLOCKS if block.language == "python"]
COMMANDS = [(block.where, words) for block in BLOCKS if block.language == "bash" for words in block.commands]
SETTINGS = {settings.__name__: settings for settings in (Limits, RedisSettings, WorkerSettings)}

every_document = pytest.mark.parametrize("page", DOCUMENTS, ids=lambda page: page.name)


# --- code ------------------------------------------------------------------------------------------


def _module_of(path: str) -> str:
    return path.removesuffix(".py").replace("/", ".")


def _write(folder: Path, path: str, text: str, server: Server, namespace: str) -> None:
    text = text.replace("redis://localhost:6379/0", server.url).replace('namespace="shop"', f"namespace={namespace!r}")
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_text(text)


def _told(block: Block) -> list[str]:
    """What the comments after ``print`` say that it prints."""
    return re.findall(r"print\(.*\)  # (.+)$", block.text, re.MULTILINE)


@pytest.mark.parametrize("block", PYTHON, ids=lambda block: block.where)
def test_the_python_of_the_documents_runs_and_prints_what_it_says(
    block: Block, server: Server, namespace: str, tmp_path: Path
) -> None:
    for saved in PYTHON:
        if saved.note.startswith(SAVED_AS):
            _write(tmp_path, saved.note.removeprefix(SAVED_AS), saved.text, server, namespace)
    if block.note.startswith(SAVED_AS):
        command = ["-m", _module_of(block.note.removeprefix(SAVED_AS))]
    else:
        after = block.note.removeprefix(RUNS_AFTER) if block.note.startswith(RUNS_AFTER) else ""
        head = f"from {_module_of(after)} import *\n" if after else ""
        _write(tmp_path, "block.py", head + block.text, server, namespace)
        command = [str(ROOT / "tests/docs/runner.py"), "block.py"]
    ran = subprocess.run(
        [sys.executable, *command],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.splitlines() == _told(block)


def test_the_documents_have_code_to_run() -> None:
    assert len(PYTHON) >= 5


# --- commands --------------------------------------------------------------------------------------


@cache
def _help_of(*words: str) -> str:
    """What a command says of itself, as wide as it likes."""
    programs = {"cleo": "cleo_core.cli.main", "cleo-tui": "cleo_tui"}
    ran = subprocess.run(
        [sys.executable, "-m", programs[words[0]], *words[1:], "--help"],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "250", "NO_COLOR": "1", "TERM": "dumb"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def _offers(text: str, option: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(option)}(?![\w-])", text) is not None


def _check_make(arguments: list[str]) -> None:
    makefile = (ROOT / "Makefile").read_text()
    for argument in arguments:
        variable, equals, _ = argument.partition("=")
        if equals:
            assert re.search(rf"^{variable} \?=", makefile, re.MULTILINE), f"make knows no variable {variable}"
            continue
        recipe = re.search(rf"^{re.escape(argument)}:.*\n((?:\t.*\n?)*)", makefile, re.MULTILINE)
        assert recipe is not None, f"make knows no target {argument}"
        for module in re.findall(r"python -m ([\w.]+)", recipe[1]):
            assert find_spec(module), f"make {argument} runs the module {module}, which doesn't exist"


def _check_pip(arguments: list[str]) -> None:
    assert arguments[0] == "install"
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    for extra in ",".join(re.findall(r"\[(.+)\]", " ".join(arguments))).split(","):
        assert not extra or extra in extras


def _check_cleo(arguments: list[str]) -> None:
    """The command is there and takes what is shown; it is parsed as it would be, and not run."""
    words = arguments[: arguments.index("|")] if "|" in arguments else arguments
    if words[0].startswith("-"):
        assert all(_offers(_help_of("cleo"), word) for word in words if word.startswith("-"))
        return
    known = commands()
    length = 2 if " ".join(words[:2]) in known else 1
    made = known[" ".join(words[:length])]
    with made.make_context(made.name, words[length:]):
        pass


def _check_cleo_tui(arguments: list[str]) -> None:
    if arguments[0] in {"serve", "replay"}:
        text = _help_of("cleo-tui", arguments[0])
        assert [option for option in arguments if option.startswith("-") and not _offers(text, option)] == []
        return
    text = _help_of("cleo-tui")
    assert [option for option in arguments if option.startswith("-") and not _offers(text, option)] == []
    places = [word for word in arguments[:1] if not word.startswith("-")]
    # A name is that of a profile, which is the reader's.
    assert all("://" in place or f"cleo-tui {place}" in text or "PROFILE" in text for place in places)


CHECKS = {"make": _check_make, "pip": _check_pip, "cleo": _check_cleo, "cleo-tui": _check_cleo_tui}


@pytest.mark.parametrize(
    ("where", "words"), COMMANDS, ids=lambda value: value if isinstance(value, str) else " ".join(value)
)
def test_the_commands_of_the_documents_exist(where: str, words: list[str]) -> None:
    assert words[0] in CHECKS, f"{where} shows {words[0]}, for which there is no check here"
    CHECKS[words[0]](words[1:])


def test_the_commands_in_contributing_are_targets_of_make() -> None:
    for table in document("CONTRIBUTING.md").tables:
        for row in table.rows:
            for code in codes_in(row.get("Command", "")):
                _check_make(code.split()[1:])


@pytest.mark.parametrize("page", [document("README.md"), document("CONTRIBUTING.md")], ids=lambda page: page.name)
def test_the_options_that_sentences_mention_exist(page: Document) -> None:
    text = _help_of("cleo", "worker") + _help_of("cleo", "tasks", "cancel") + _help_of("cleo-tui")
    mentioned = [code.split()[0] for code in page.codes if code.startswith("--")]
    assert [option for option in mentioned if not _offers(text, option) and option != "--"] == []


# --- links and names -------------------------------------------------------------------------------


@every_document
def test_links_and_pictures_lead_somewhere(page: Document) -> None:
    broken: list[str] = []
    for link in page.links:
        target, _, anchor = link.partition("#")
        if target.startswith(("https://", "http://")):
            continue
        path = (page.path.parent / target).resolve() if target else page.path
        headings = Document(str(path.relative_to(ROOT))).anchors if anchor and path.exists() else set[str]()
        if not path.exists() or (anchor and anchor not in headings):
            broken.append(link)
    assert broken == []


@every_document
def test_the_names_that_are_mentioned_exist(page: Document) -> None:
    assert [code for code in page.codes if missing(code)] == []


def test_a_name_that_does_not_exist_would_be_noticed() -> None:
    codes = [
        "cleo.queue.add()",
        "TaskPage.size",
        "NoSuchThing",
        "cleo_core/no.py",
        "tests/leaks.py::test_no",
        "@cleo.tusk",
    ]
    assert [code for code in codes if missing(code)] == codes


def test_the_keys_in_the_readme_are_the_consoles() -> None:
    (table,) = (table for table in document("README.md").tables if "Key" in table.columns)
    told = {key for row in table.rows for key in codes_in(row["Key"])}
    known = shown_keys()
    assert told - known == set()
    screens = {key for key in known if key.isdigit()}
    assert screens - told == set(), "A screen has a key that the README doesn't tell"


def test_the_defaults_in_the_guarantees_are_those_of_the_settings() -> None:
    (table,) = (table for table in document("docs/guarantees.md").tables if "Default" in table.columns)
    for row in table.rows:
        owner, _, field = row["Setting"].strip("`").partition(".")
        number = re.match(r"[\d,.]+", row["Default"])
        assert number is not None
        assert float(number[0].replace(",", "")) == getattr(SETTINGS[owner](), field), row["Setting"]


def test_the_changelog_tells_of_this_version() -> None:
    assert f"## [{__version__}]" in document("CHANGELOG.md").text


def test_the_architecture_lists_every_script_once() -> None:
    (table,) = [table for table in document("docs/architecture.md").tables if "Only read" in table.rows[0]]
    changing = [name for row in table.rows for name in row["Change"].split(", ") if name != "-"]
    reading = [name for row in table.rows for name in row["Only read"].split(", ") if name != "-"]
    assert sorted(changing) == [name for name in script_names() if not load(name).read_only]
    assert sorted(reading) == [name for name in script_names() if load(name).read_only]


def test_every_document_is_listed_in_the_readme() -> None:
    names = {path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").glob("*.md")}
    assert {name for name in names if f"({name})" not in document("README.md").text} == set()
