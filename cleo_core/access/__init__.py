"""Roles: what each may do, as access lists that the server enforces, and whom the server takes a connection for."""

from cleo_core.access.acl import acl_lines
from cleo_core.access.lua_calls import UnreadableScript
from cleo_core.access.service import Access, identity_of

__all__ = ["Access", "UnreadableScript", "acl_lines", "identity_of"]
