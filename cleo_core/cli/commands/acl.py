"""``cleo acl``: the access list of a role."""

from __future__ import annotations

from cleo_core.cli.acl import acl
from cleo_core.cli.commanding import alone

app = alone()
app.command("acl")(acl)
