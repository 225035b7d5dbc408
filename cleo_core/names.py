"""What may be a name: of a namespace, queue, group, task, or a task's id.

Names become parts of Redis keys. A brace would move the hash tag and so the slot; a control character would break
logs and screens; a colon in a namespace or queue is harmless, because the tag's braces end the queue's name.
"""

from __future__ import annotations

from cleo_core.errors import InvalidName

MAX_NAME_BYTES = 200


def check_name(kind: str, name: object, *, may_be_empty: bool = False) -> str:
    """Return ``name`` if it may name a ``kind`` ("queue", "group", "task", "task id", "namespace").

    Raises:
        InvalidName: it is not a string, empty, over 200 bytes of UTF-8, or has braces or control characters.
    """
    if not isinstance(name, str):
        raise InvalidName(f"A {kind} is named by a string, not by {type(name).__name__}: {name!r}.")
    if not name:
        if may_be_empty:
            return name
        raise InvalidName(f"A {kind} can't be empty. Give it at least one character.")
    if name.isascii() and name.isprintable():
        if "{" not in name and "}" not in name and len(name) <= MAX_NAME_BYTES:
            return name
    elif not name.isprintable():
        raise InvalidName(f"The {kind} {name!r} has control characters. Use printable characters only.")
    if "{" in name or "}" in name:
        raise InvalidName(f"The {kind} {name!r} has braces, which Redis Cluster reserves. Leave '{{' and '}}' out.")
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        raise InvalidName(f"The {kind} {name!r} is not valid Unicode text.") from None
    if size > MAX_NAME_BYTES:
        raise InvalidName(
            f"The {kind} {name[:40]!r}... has {size} bytes; at most {MAX_NAME_BYTES} are allowed. Shorten it."
        )
    return name
