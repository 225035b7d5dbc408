"""Whatever is wrong with the server, the error names it, its cause and its cure, and shows no secret."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import trustme

from cleo_core import Cleo, InvalidUrl, RedisSettings, ServerError
from cleo_core.errors import (
    AuthenticationFailed,
    AuthenticationRequired,
    PermissionDenied,
    ServerOutOfMemory,
    ServerReadOnly,
    ServerTooOld,
    ServerUnavailable,
    TlsMismatch,
)
from tests.raw import ask_at
from tests.servers import Server, free_port
from tests.waiting import SOON, until

SECRET = "s3cr3t-p4ss"


async def _fails(url: str, kind: type[ServerError], cause: str, connect_timeout: float = 5) -> ServerError:
    """Enqueue at that address must fail so; the error must name the server and a cure, and no secret."""
    async with Cleo(redis=RedisSettings(url=url, connect_timeout=connect_timeout), namespace="test") as cleo:
        with pytest.raises(kind) as caught:
            await cleo.queues.add("q", "work")
    error = caught.value
    assert error.server in str(error)
    assert cause in error.cause
    assert error.cure
    assert SECRET not in f"{error} {error!r} {error.__cause__!r} {cleo.backend.redis!r}"
    return error


@pytest.fixture
def locked_server(tmp_path: Path) -> Iterator[Server]:
    """A server that wants a password."""
    server = Server(tmp_path / "locked", "--requirepass", SECRET)
    server.start()
    yield server
    server.stop()


async def test_no_server_is_told_at_once() -> None:
    port = free_port()
    # Not when its patience with a server that does not answer is over, 60 s later.
    error = await asyncio.wait_for(
        _fails(
            f"redis://u:{SECRET}@127.0.0.1:{port}/0",
            ServerUnavailable,
            "can't reach it (connection refused)",
            connect_timeout=60,
        ),
        SOON,
    )
    assert f"127.0.0.1:{port}" in str(error)


async def test_a_socket_that_is_not_there_is_told_by_its_path(tmp_path: Path) -> None:
    error = await _fails(f"unix://{tmp_path}/none.sock", ServerUnavailable, "can't reach it")
    assert error.server == f"{tmp_path}/none.sock"


async def test_a_server_is_reached_by_its_unix_socket(tmp_path: Path) -> None:
    server = Server(tmp_path / "own", "--unixsocket", str(tmp_path / "s.sock"))
    server.start()
    try:
        async with Cleo(f"unix://{tmp_path}/s.sock", namespace="test") as cleo:
            await cleo.queues.add("q", "work")
            assert (await cleo.queues.stats("q")).waiting == 1
    finally:
        server.stop()


async def test_a_wrong_password(locked_server: Server) -> None:
    await _fails(f"redis://:{SECRET}x@127.0.0.1:{locked_server.port}/0", AuthenticationFailed, "refused the user name")


async def test_no_password_given(locked_server: Server) -> None:
    error = await _fails(locked_server.url, AuthenticationRequired, "none was given")
    assert "user:password@host" in error.cure


async def test_a_user_without_the_permission(own_server: Server) -> None:
    await ask_at(own_server.url, "ACL", "SETUSER", "guest", "on", f">{SECRET}", "~*", "+@read", "+@connection", "+info")
    await _fails(f"redis://guest:{SECRET}@127.0.0.1:{own_server.port}/0", PermissionDenied, "no permission")


async def test_tls_against_a_plain_port(own_server: Server) -> None:
    error = await _fails(f"rediss://127.0.0.1:{own_server.port}/0", TlsMismatch, "doesn't speak TLS", 1)
    assert "redis://" in error.cure


@pytest.fixture
async def tls_port(server: Server, tmp_path: Path) -> AsyncIterator[int]:
    """A port that speaks TLS, with a certificate of its own, before the shared server (which has none built in)."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, ssl.SSLError):
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", server.port)
        await asyncio.gather(pump(reader, inner_writer), pump(inner_reader, writer))

    front = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    yield front.sockets[0].getsockname()[1]
    front.close()
    await front.wait_closed()


async def test_a_tls_port_whose_certificate_is_trusted(tls_port: int, tmp_path: Path, namespace: str) -> None:
    url = f"rediss://127.0.0.1:{tls_port}/0?ssl_ca_certs={tmp_path}/authority.pem"
    async with Cleo(url, namespace=namespace) as cleo:
        await cleo.queues.add("q", "work")
        assert (await cleo.queues.stats("q")).waiting == 1


async def test_a_tls_port_whose_certificate_is_not_trusted(tls_port: int) -> None:
    await _fails(f"rediss://127.0.0.1:{tls_port}/0", TlsMismatch, "can't be trusted")


async def test_a_tls_port_taken_for_a_plain_one(tls_port: int) -> None:
    error = await _fails(f"redis://127.0.0.1:{tls_port}/0", ServerUnavailable, "can't reach it")
    assert "rediss://" in error.cure


async def test_a_server_that_is_too_old() -> None:
    info = b"# Server\r\nredis_version:6.2.14\r\n"

    async def old(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(4096):
            for _ in range(data.count(b"*")):
                writer.write(b"$%d\r\n%s\r\n" % (len(info), info) if b"INFO" in data else b"+OK\r\n")
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(old, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        error = await _fails(f"redis://127.0.0.1:{port}/0", ServerTooOld, "Redis 6.2.14")
        assert "7.0" in error.cure


async def test_a_read_only_replica(own_server: Server, tmp_path: Path) -> None:
    replica = Server(tmp_path / "replica", "--replicaof", f"127.0.0.1 {own_server.port}")
    replica.start()
    try:
        error = await _fails(replica.url, ServerReadOnly, "read-only replica")
        assert "primary" in error.cure
        async with Cleo(replica.url, namespace="test") as cleo:
            assert not (await cleo.server_info()).writable
    finally:
        replica.stop()


async def test_with_full_memory_nothing_is_taken_in_and_everything_can_be_worked_off(own_server: Server) -> None:
    async with Cleo(own_server.url, namespace="test") as cleo:

        @cleo.task(queue="q")
        async def work(text: str) -> int:
            return len(text)

        handles = await work.enqueue_many([("x" * 1000,)] * 50)
        await ask_at(own_server.url, "CONFIG", "SET", "maxmemory", "1mb")
        with pytest.raises(ServerOutOfMemory, match="nothing was stored"):
            await work.enqueue("one more")
        with pytest.raises(ServerOutOfMemory):
            await work.enqueue_many([("y",)] * 5)
        assert (await cleo.queues.stats("q")).enqueued == 50
        async with cleo.worker():
            await until(lambda: _completed(cleo, 50))
        assert await handles[0].result(timeout=30) == 1000


async def _completed(cleo: Cleo, count: int) -> bool:
    return (await cleo.queues.stats("q")).completed == count


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://localhost:6379", "unknown scheme 'http'"),
        ("localhost:6379", "unknown scheme"),
        ("redis://", "names no host"),
        ("redis://localhost:port/0", "bad port"),
        ("redis://localhost:99999/0", "bad port"),
        ("redis://localhost:0/0", "port 0"),
        ("redis://localhost/zero", "must be a number"),
        ("redis://localhost/0?db=abc", "must be a number"),
        ("redis://[::1", "can't be read"),
        ("unix://", "names no socket"),
    ],
)
def test_a_bad_address_is_refused_before_anything_is_tried(url: str, said: str) -> None:
    with pytest.raises(InvalidUrl, match=said.replace("?", r"\?")) as caught:
        Cleo(url)
    assert "redis://[user:password@]host:port/db" in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [f"redis://user:{SECRET}@host:port", f"redis://:{SECRET}@@h:x", f"http://u:{SECRET}@h", f"redis://u:{SECRET}@/x"],
)
def test_no_refused_address_shows_its_password(url: str) -> None:
    with pytest.raises(InvalidUrl) as caught:
        Cleo(url)
    assert SECRET not in str(caught.value)


async def test_a_worker_keeps_trying_until_it_is_let_in(own_server: Server) -> None:
    await ask_at(own_server.url, "ACL", "SETUSER", "worker", "off", f">{SECRET}", "~*", "&*", "+@all")
    let_in = RedisSettings(url=own_server.url, username="worker", password=SECRET)
    async with Cleo(redis=let_in, namespace="test") as cleo, Cleo(own_server.url, namespace="test") as other:

        @cleo.task(queue="q")
        async def work() -> str:
            return "done"

        handle = await other.queues.add("q", "work")
        async with cleo.worker():
            await until(lambda: _refused_logins(own_server))
            assert (await other.queues.stats("q")).waiting == 1
            await ask_at(own_server.url, "ACL", "SETUSER", "worker", "on")
            assert await handle.result(timeout=30) == "done"


async def _refused_logins(server: Server) -> bool:
    return bool(await ask_at(server.url, "ACL", "LOG"))


async def test_a_worker_picks_up_where_it_was_when_the_server_comes_back(own_server: Server) -> None:
    async with Cleo(own_server.url, namespace="test") as cleo:

        @cleo.task(queue="q")
        async def work(n: int) -> int:
            return n

        async with cleo.worker(idle_wait=0.5):
            assert await (await work.enqueue(1)).result(timeout=30) == 1
            own_server.kill()
            with pytest.raises(ServerUnavailable):
                await work.enqueue(2)
            own_server.start()
            assert await (await work.enqueue(3)).result(timeout=30) == 3
