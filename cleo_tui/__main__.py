"""Lets ``python -m cleo_tui`` start the console, where scripts of a package are not on the path."""

from cleo_tui.cli import start

start()
