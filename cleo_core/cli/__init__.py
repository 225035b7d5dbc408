"""The ``cleo`` command. The only place that knows Typer."""
