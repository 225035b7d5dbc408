"""One virtual environment a library, because they pin versions of shared packages that exclude each other."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

Version = tuple[int, int]

_NEWER_PYTHONS = ("python3.12", "python3.13")


class EnvironmentUnavailable(Exception):
    """A library cannot be installed here; the message says what to do."""


class NoSuitableRuntime(EnvironmentUnavailable):
    """This machine lacks the Python version, or the other language, that a library needs."""


def _candidates() -> Iterator[Path]:
    yield Path(sys.executable)
    for name in _NEWER_PYTHONS:
        on_path = shutil.which(name)
        if on_path is not None:
            yield Path(on_path)
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    for name in _NEWER_PYTHONS:
        yield from sorted(versions.glob(f"*/bin/{name}"))


def _version_of(python: Path) -> Version | None:
    """Ask the interpreter, since a pyenv shim is on PATH under versions that it then refuses to run."""
    question = "import sys; print(*sys.version_info[:2])"
    try:
        answer = subprocess.run([python, "-c", question], capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    major, minor = answer.stdout.split()
    return int(major), int(minor)


def find_python(at_least: Version) -> Path:
    """The first usable interpreter: the running one, then those on PATH, then those that pyenv has built."""
    for candidate in _candidates():
        found = _version_of(candidate)
        if found is not None and found >= at_least:
            return candidate
    wanted = ".".join(map(str, at_least))
    raise NoSuitableRuntime(
        f"It needs Python {wanted} or newer, and neither PATH ({', '.join(_NEWER_PYTHONS)}) nor pyenv has one;"
        f" install Python {wanted} to include it."
    )


def run_step(step: str, *command: str | Path) -> None:
    """Run a command of an installation; its last line is the reason when it fails."""
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    if finished.returncode:
        said = (finished.stderr or finished.stdout).strip().splitlines() or ["nothing was printed"]
        raise EnvironmentUnavailable(f"Could not {step}: {said[-1]}")


def prepare(folder: Path, requirements: tuple[str, ...], python: Path) -> Path:
    """Build the environment unless it already holds exactly these requirements, and return its interpreter."""
    interpreter = folder / "bin" / "python"
    record = folder / "requirements.txt"
    wanted = "\n".join(requirements) + "\n"
    if record.exists() and record.read_text() == wanted and _version_of(interpreter) is not None:
        return interpreter
    run_step("create a virtual environment", python, "-m", "venv", "--clear", folder)
    pip = (interpreter, "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    run_step(f"install {', '.join(requirements)}", *pip, *requirements)
    record.write_text(wanted)
    return interpreter
