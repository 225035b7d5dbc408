"""Finding the Cleo that a command line names."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cleo_core.cli.loading import URL_VARIABLE, load_cleo
from cleo_core.errors import InvalidUrl, WorkerError

Module = Callable[[str], str]
_GOOD = "from cleo_core import Cleo\ncleo = Cleo('redis://first:1/0', namespace='n')\nnumber = 5\n"


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Module]:
    """Write a module into the working folder and get its name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.delenv(URL_VARIABLE, raising=False)
    made: list[str] = []

    def write(text: str) -> str:
        made.append(f"loaded_{len(made)}_{abs(hash(str(tmp_path)))}")
        (tmp_path / f"{made[-1]}.py").write_text(text)
        return made[-1]

    yield write
    for name in made:
        sys.modules.pop(name, None)


def test_a_cleo_is_found_in_the_working_folder(module: Module) -> None:
    cleo = load_cleo(f"{module(_GOOD)}:cleo")
    assert (cleo.address, cleo.namespace) == ("first:1", "n")


def test_the_environment_may_say_where_the_server_is(module: Module, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(URL_VARIABLE, "redis://second:2/0")
    cleo = load_cleo(f"{module(_GOOD)}:cleo")
    assert (cleo.address, cleo.namespace) == ("second:2", "n")


def test_an_address_in_the_environment_is_checked(module: Module, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(URL_VARIABLE, "http://ada:secret@second")
    with pytest.raises(InvalidUrl) as told:
        load_cleo(f"{module(_GOOD)}:cleo")
    assert "secret" not in str(told.value)


@pytest.mark.parametrize("target", ["", "jobs", "jobs:", ":cleo", "jobs.cleo"])
def test_a_target_in_another_form_is_refused_with_an_example(target: str) -> None:
    with pytest.raises(WorkerError, match=r"names no Cleo\. Write MODULE:NAME, for example"):
        load_cleo(target)


@pytest.mark.parametrize("name", ["nosuch_module", "nosuch_package.jobs", "os.nosuch"])
def test_a_module_that_is_not_there_is_named(module: Module, name: str) -> None:
    with pytest.raises(WorkerError, match=f"There is no module '{name}'"):
        load_cleo(f"{name}:cleo")


def test_a_module_that_lacks_a_dependency_says_which(module: Module) -> None:
    name = module("import nosuch_dependency")
    with pytest.raises(WorkerError, match=f"{name} imports 'nosuch_dependency', which is not installed"):
        load_cleo(f"{name}:cleo")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("\n1 / 0", r"ZeroDivisionError.*line 2"),
        ("x = = 1", "SyntaxError"),
        ("raise ValueError('no')", "ValueError: no"),
    ],
)
def test_a_module_that_can_not_be_imported_says_why_and_where(module: Module, text: str, said: str) -> None:
    with pytest.raises(WorkerError, match=f"can't be imported: .*{said}"):
        load_cleo(f"{module(text)}:cleo")


@pytest.mark.parametrize(("name", "found"), [("nosuch", "nothing"), ("number", "a int"), ("Cleo", "a type")])
def test_what_is_no_cleo_is_told_by_what_it_is(module: Module, name: str, found: str) -> None:
    with pytest.raises(WorkerError, match=f"should be a Cleo, but '{name}' there is {found}"):
        load_cleo(f"{module(_GOOD)}:{name}")
