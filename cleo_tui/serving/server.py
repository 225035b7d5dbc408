"""The console in a browser, by textual-serve: on this machine alone unless told otherwise, and never without a token.

Whoever has the token has the console, with all that it may change. So it is compared in constant time, leaves the
address bar for a cookie that no script reads, and a page of another site can't open the socket. Nothing is fetched from
elsewhere: the page has its font and its script from here, and tells the browser to load from nowhere else.
"""

from __future__ import annotations

import hmac
import logging
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp_jinja2
from aiohttp import web
from textual_serve.server import Server

COOKIE = "cleo-tui-token"
TOKEN_BYTES = 24
LOOPBACK = {"127.0.0.1", "::1", "localhost"}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self' data:; "
    "img-src 'self' data:; connect-src 'self' ws: wss:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def new_token() -> str:
    """A token that nobody guesses."""
    return secrets.token_urlsafe(TOKEN_BYTES)


class GuardedServer(Server):
    """Serves a command's console to those who have the token."""

    def __init__(self, command: str, *, host: str, port: int, token: str) -> None:
        super().__init__(  # pyright: ignore[reportUnknownMemberType]
            command,
            host=host,
            port=port,
            title="Cleo",
            templates_path=Path(__file__).with_name("templates"),
        )
        self._token = token.encode()
        # A browser doesn't tell ports apart: what is served on another one has a cookie of another name.
        self._cookie = f"{COOKIE}-{port}"

    @property
    def address(self) -> str:
        """Where the console is, with the token."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}/?token={self._token.decode()}"

    def initialize_logging(self) -> None:
        """Only what goes wrong is logged, and no local variables with it."""
        logging.basicConfig(level=logging.WARNING, format="%(message)s")

    async def on_startup(self, app: web.Application) -> None:
        """Say where it is; the command, which may name a server, is nobody's business."""
        print(f"The console is at {self.address}", flush=True)
        if self.host not in LOOPBACK:
            print("It can be reached from other machines, in the clear: put TLS in front of it.", flush=True)
        print("Ctrl-C ends it.", flush=True)

    async def _make_app(self) -> web.Application:
        app = await super()._make_app()
        app.middlewares.append(self._guard)
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.query.get("token")
        if given is not None:
            return self._enter(given)
        if not self._is_token(request.cookies.get(self._cookie, "")):
            raise web.HTTPForbidden(text="Open the address that `cleo-tui serve` has printed; it ends in a token.\n")
        if not _is_of_this_site(request):
            raise web.HTTPForbidden(text="Another site may not open this console.\n")
        response = await handler(request)
        if not response.prepared:
            response.headers["Content-Security-Policy"] = POLICY
            response.headers["Referrer-Policy"] = "no-referrer"
            response.headers["Cache-Control"] = "no-store"
        return response

    def _is_token(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(errors="replace"), self._token)

    def _enter(self, given: str) -> web.StreamResponse:
        """Put the token where the address bar and the history don't show it."""
        if not self._is_token(given):
            raise web.HTTPForbidden(text="That is not the token.\n")
        answer = web.HTTPFound("/")
        answer.set_cookie(self._cookie, given, httponly=True, samesite="Strict", path="/")
        return answer

    @aiohttp_jinja2.template("app_index.html")
    async def handle_index(self, request: web.Request) -> dict[str, Any]:
        """The page; the socket is where the page came from, whatever that is called from outside."""
        secure = request.headers.get("X-Forwarded-Proto", request.scheme) == "https"
        return {
            "font_size": 16,
            "app_websocket_url": f"{'wss' if secure else 'ws'}://{request.host}/ws",
            "application": {"name": self.title},
        }


def _is_of_this_site(request: web.Request) -> bool:
    origin = request.headers.get("Origin")
    return origin is None or urlsplit(origin).netloc == request.host
