"""Runs a file in which ``await`` may stand outside of functions, as the documents write it."""

from __future__ import annotations

import ast
import asyncio
import sys
from collections.abc import Coroutine
from pathlib import Path
from types import ModuleType
from typing import Any, cast


def main(path: str) -> None:
    """Run the file."""
    module = ModuleType("example")
    sys.modules["example"] = module
    sys.path.insert(0, "")
    code = compile(Path(path).read_text(), path, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    running = cast("Coroutine[Any, Any, None] | None", eval(code, vars(module)))
    if running is not None:
        asyncio.run(running)


if __name__ == "__main__":
    main(sys.argv[1])
