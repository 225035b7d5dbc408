"""What is printed when the console fails: enough to mend it, and no password.

A traceback with local variables would show the server's URL with the password in it, so there are none, and what looks
like the password of a URL is taken out of the messages too, as is every password that the console was given apart.
"""

from __future__ import annotations

import re
import traceback

from rich.text import Text

_PASSWORD = re.compile(r"(\w+://[^/\s@:'\"]*):[^\s'\"]*@")
_IN_QUERY = re.compile(r"([?&]password=)[^&\s'\"]*")
_secrets: set[str] = set()


def keep_secret(password: str) -> None:
    """Never print this."""
    if password:
        _secrets.add(password)


def without_passwords(text: str) -> str:
    """The text with the password of each URL taken out, and with each that has to be kept secret."""
    text = _IN_QUERY.sub(r"\1***", _PASSWORD.sub(r"\1:***@", text))
    for secret in sorted(_secrets, key=len, reverse=True):
        text = text.replace(secret, "***")
    return text


def report(error: BaseException) -> Text:
    """What to print of an error that nobody expected."""
    lines = "".join(traceback.format_exception(error))
    return Text(
        f"{without_passwords(lines)}\nThe console failed, and nothing on the server was changed by that. "
        "This is a fault of the console: please report it with the lines above.\n"
    )
