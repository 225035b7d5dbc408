"""The ``cleo-tui`` command. It reads its arguments and little else, so that the first frame is on screen at once."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

from cleo_tui import lifeline
from cleo_tui.profiles import DEFAULT_NAMESPACE, Profile, ProfileError, load
from cleo_tui.running import replay, run
from cleo_tui.settings import FRAMES_ON_SLOW_LINK, LEAST_REFRESH, MOST_REFRESH, THEME_NAMES, ConsoleSettings

URL_VARIABLE = "CLEO_REDIS_URL"
DEFAULT_URL = "redis://localhost:6379/0"
OF_THE_EXTRA = ("textual", "plotext", "platformdirs", "textual_serve")


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not LEAST_REFRESH <= seconds <= MOST_REFRESH:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds from {LEAST_REFRESH} to {MOST_REFRESH:g}.")
    return seconds


def _add_looks(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--read-only", action="store_true", help="change nothing; the keys that would are hidden")
    parser.add_argument("--theme", choices=THEME_NAMES, help="the colours (default: dark, or 16)")
    parser.add_argument("--refresh", type=_seconds, metavar="SECONDS", help="between two readings (default: 2)")
    parser.add_argument("--slow-link", action="store_true", help="draw at most 4 times a second instead of 15")


def parser() -> argparse.ArgumentParser:
    """The arguments."""
    made = argparse.ArgumentParser(
        prog="cleo-tui",
        description="The terminal console of Cleo: see what the queues do, know why, and mend it.",
        epilog="`cleo-tui demo` shows it with a workload of its own and needs no server. "
        "`cleo-tui serve` gives it to a browser, see `cleo-tui serve --help`. "
        "`cleo-tui replay FILE` plays what --record FILE kept.",
    )
    made.add_argument(
        "server",
        nargs="?",
        metavar="URL|PROFILE",
        help=f"`demo`, or the server: redis://[user:password@]host:port/db, rediss://..., unix://..., or the name of a "
        f"profile (default: ${URL_VARIABLE}, else the default profile, else {DEFAULT_URL})",
    )
    made.add_argument("--namespace", help=f"the namespace to look at (default: {DEFAULT_NAMESPACE})")
    made.add_argument("--record", type=Path, metavar="FILE", help="keep what is seen in a file, to be replayed")
    _add_looks(made)
    return made


def replay_parser() -> argparse.ArgumentParser:
    """The arguments of ``cleo-tui replay``."""
    made = argparse.ArgumentParser(
        prog="cleo-tui replay", description="The console on a recording: same screens, and nothing can be changed."
    )
    made.add_argument("file", type=Path, help="what `cleo-tui --record FILE` has written")
    _add_looks(made)
    return made


def serve_parser() -> argparse.ArgumentParser:
    """The arguments of ``cleo-tui serve``."""
    made = argparse.ArgumentParser(
        prog="cleo-tui serve",
        description="The console in a browser, for whoever has the token. Each page has a console of its own.",
    )
    made.add_argument("server", nargs="?", metavar="URL|PROFILE", help="the server, as for `cleo-tui`")
    made.add_argument("--host", default="127.0.0.1", help="where to listen (default: this machine alone)")
    made.add_argument("--port", type=int, default=8000, help="the port (default: 8000)")
    made.add_argument("--token", help="what has to be known (default: $CLEO_TUI_TOKEN, else a random one)")
    made.add_argument("--namespace", help=f"the namespace to look at (default: {DEFAULT_NAMESPACE})")
    _add_looks(made)
    return made


def _serve(arguments: Sequence[str]) -> int:
    from cleo_tui.serving.run import serve  # noqa: PLC0415 - it brings a web server

    options = serve_parser().parse_args(arguments)
    looks = [f"--namespace={options.namespace}"] if options.namespace else []
    looks += ["--read-only"] if options.read_only else []
    looks += [f"--theme={options.theme}"] if options.theme else []
    looks += [f"--refresh={options.refresh}"] if options.refresh else []
    looks += ["--slow-link"] if options.slow_link else []
    return serve(options, looks)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the console until it is left."""
    sys.exit(_run(arguments))


def start() -> None:
    """Where the process is the console's own: as ``main``, and the process ends with its terminal."""
    try:
        main()
    finally:
        lifeline.let_go()


def _run(arguments: Sequence[str] | None) -> int:
    words = list(sys.argv[1:] if arguments is None else arguments)
    if missing := [name for name in OF_THE_EXTRA if find_spec(name) is None]:
        print(f"cleo-tui: {missing[0]} is missing. Install the console: pip install 'cleo-tasks[tui]'", file=sys.stderr)
        return 1
    if words[:1] == ["serve"]:
        return _serve(words[1:])
    if words[:1] == ["replay"]:
        replayed = replay_parser().parse_args(words[1:])
        return replay(replayed.file, replace(_settings_of(replayed, ConsoleSettings()), refresh=0.5))
    options = parser().parse_args(words)
    try:
        profile = _profile_of(options)
    except ProfileError as error:
        print(f"cleo-tui: {error}", file=sys.stderr)
        return 2
    if profile is None:
        return _demo(_settings_of(options, ConsoleSettings()))
    code, wants_demo = run(profile, options.record)
    return _demo(_settings_of(options, ConsoleSettings())) if wants_demo else code


def _demo(settings: ConsoleSettings) -> int:
    from cleo_tui.demo.run import main as demo  # noqa: PLC0415 - the demo brings a workload that only it needs

    return demo(os.environ.get(URL_VARIABLE, "embedded://"), settings)


def _profile_of(options: argparse.Namespace) -> Profile | None:
    """What to look at: what was named, else the environment's, else the default profile, else a guess.

    None for the demo. Raises ``ProfileError``.
    """
    word: str = options.server or ""
    if word == "demo":
        return None
    if not word and (word := os.environ.get(URL_VARIABLE, "")) and "://" not in word:
        raise ProfileError(f"${URL_VARIABLE} is {word!r}, which is no address of a server.")
    if "://" in word:
        profile = Profile("", word)
    else:
        profiles = load()
        word = word or profiles.default
        profile = profiles.get(word) if word else Profile("", DEFAULT_URL, by_hand=False)
    return replace(
        profile,
        namespace=options.namespace or profile.namespace,
        settings=_settings_of(options, profile.settings),
    )


def _settings_of(options: argparse.Namespace, settings: ConsoleSettings) -> ConsoleSettings:
    """The settings, with what was said on the command line in their place."""
    return replace(
        settings,
        read_only=options.read_only or settings.read_only,
        only_looks=options.read_only,
        theme=options.theme or settings.theme,
        refresh=options.refresh or settings.refresh,
        frames=FRAMES_ON_SLOW_LINK if options.slow_link else settings.frames,
    )
