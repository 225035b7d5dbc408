"""Logging for the commands: lines for people, or JSON for machines."""

from __future__ import annotations

import json
import logging
import sys
import time

from cleo_core.errors import InvalidOption

LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, process, message, what ``cleo_core`` adds to records
    (``cleo_...``), and the traceback if there is one.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON."""
        entry: dict[str, object] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "pid": record.process,
            "message": record.getMessage(),
        }
        entry |= {name: value for name, value in vars(record).items() if name.startswith("cleo_")}
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False)


def set_up_logging(level: str, *, as_json: bool) -> None:
    """Log to standard error from ``level`` (debug, info, warning, error) on.

    Raises:
        InvalidOption: there is no such level.
    """
    if level.lower() not in LEVELS:
        raise InvalidOption(f"There is no log level {level!r}. Use one of: {', '.join(LEVELS)}.")
    handler = logging.StreamHandler(sys.stderr)
    if as_json:
        handler.setFormatter(JsonFormatter())
    else:
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(process)d %(name)s: %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(LEVELS[level.lower()])
