"""``cleo-tui serve``: the console in a browser."""
