"""Finding the ``Cleo`` that a command line names."""

from __future__ import annotations

import importlib
import os
import sys
import traceback

from cleo_core.app import Cleo
from cleo_core.errors import WorkerError

URL_VARIABLE = "CLEO_REDIS_URL"


def load_cleo(target: str) -> Cleo:
    """The ``Cleo`` at ``module:name``; ``CLEO_REDIS_URL``, if set, says where its server is.

    Raises:
        WorkerError: there is none; the message says what was missing.
    """
    module_name, colon, name = target.partition(":")
    if not colon or not module_name or not name:
        raise WorkerError(f"{target!r} names no Cleo. Write MODULE:NAME, for example shop.tasks:cleo.")
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name and not module_name.startswith(error.name):
            raise WorkerError(f"{module_name} imports {error.name!r}, which is not installed.") from error
        raise WorkerError(
            f"There is no module {module_name!r} here or in the Python path. Run the command in the project's folder."
        ) from error
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        raise WorkerError(
            f"{module_name} can't be imported: {type(error).__name__}: {error} ({where.filename}, line {where.lineno})."
        ) from error
    cleo = getattr(module, name, None)
    if not isinstance(cleo, Cleo):
        found = "nothing" if cleo is None else f"a {type(cleo).__name__}"
        raise WorkerError(f"{target} should be a Cleo, but {name!r} there is {found}.")
    if url := os.environ.get(URL_VARIABLE):
        cleo.configure(redis=cleo.backend.redis.model_copy(update={"url": url}))
    return cleo
