"""The arguments of ``cleo-tui serve``, and the server that comes of them."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Sequence

from cleo_tui.serving.server import GuardedServer, new_token

URL_VARIABLE = "CLEO_REDIS_URL"
TOKEN_VARIABLE = "CLEO_TUI_TOKEN"
LEAST_TOKEN = 16


def serve(options: argparse.Namespace, looks: Sequence[str]) -> int:
    """Serve until Ctrl-C; ``looks`` are the options that each console is started with."""
    token = options.token or os.environ.get(TOKEN_VARIABLE) or new_token()
    if len(token) < LEAST_TOKEN:
        print(f"cleo-tui: A token of less than {LEAST_TOKEN} characters is soon guessed.", file=sys.stderr)
        return 2
    command = [sys.executable, "-m", "cleo_tui", *looks]
    # Not among the arguments, where every user of the machine could read a password in it.
    if options.server and "://" in options.server:
        os.environ[URL_VARIABLE] = options.server
    elif options.server:
        command.append(options.server)
    os.environ.pop(TOKEN_VARIABLE, None)
    try:
        GuardedServer(shlex.join(command), host=options.host, port=options.port, token=token).serve()
    except OSError as error:
        why = error.strerror or str(error)
        print(f"cleo-tui: It can't listen on {options.host}:{options.port}: {why}. Try --port.", file=sys.stderr)
        return 2
    return 0
