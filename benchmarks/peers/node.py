"""A folder of npm packages for a library that runs on Node."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers.bench import Script
from benchmarks.peers.venvs import NoSuitableRuntime, run_step


@dataclass(frozen=True, slots=True)
class NodePeer:
    """What to install to measure a library of Node; its program is `<name>_peer.js` beside this file."""

    name: str
    requirements: tuple[str, ...]

    def prepare(self, cache: Path) -> Script:
        """Install the packages unless the folder already holds exactly these, and say how to call the program."""
        node, npm = shutil.which("node"), shutil.which("npm")
        if node is None or npm is None:
            raise NoSuitableRuntime("It needs node and npm on PATH; install Node to include it.")
        folder = cache / self.name
        record = folder / "requirements.json"
        wanted = json.dumps(self.requirements)
        if not record.exists() or record.read_text() != wanted:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "package.json").write_text('{"private": true}')
            install = (npm, "install", "--prefix", folder, "--no-audit", "--no-fund", "--loglevel=error")
            run_step(f"install {', '.join(self.requirements)}", *install, *self.requirements)
            record.write_text(wanted)
        program = Path(__file__).with_name(f"{self.name}_peer.js")
        modules = {"NODE_PATH": str(folder / "node_modules")}
        return Script(program.name, (node, str(program)), modules)
