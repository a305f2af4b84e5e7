"""Steps of the running loop."""

from __future__ import annotations

import asyncio

__all__ = ["until"]


async def until(task: asyncio.Task[object], turns: int) -> None:
    """Let the loop run so many times, or until the task is done."""
    for _ in range(turns):
        await asyncio.sleep(0)
        if task.done():
            return
