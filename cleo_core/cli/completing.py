"""Completion of names from the server: at most one page of them, and nothing when it doesn't answer quickly."""

from __future__ import annotations

import asyncio
import logging

import typer

from cleo_core.cli.connecting import Place

PATIENCE = 1.0
MAX_SHOWN = 100


def complete_queue(ctx: typer.Context, incomplete: str) -> list[str]:
    """The queues that begin with what was typed."""
    outer = ctx.find_root().params
    place = Place(ctx.params.get("url"), ctx.params.get("namespace")).or_else(
        Place(outer.get("url"), outer.get("namespace"))
    )
    try:
        logging.disable()
        names = asyncio.run(_queues(place))
    except Exception:  # A shell that completes must never show an error.
        return []
    return [name for name in names if name.startswith(incomplete)][:MAX_SHOWN]


async def _queues(place: Place) -> list[str]:
    cleo = place.cleo()
    async with asyncio.timeout(PATIENCE), cleo:
        return await cleo.queues.names()
