"""How the three programs end: on SIGTERM or SIGINT, cleanly, with exit code 0."""

from __future__ import annotations

import asyncio
import signal


def stop_event() -> asyncio.Event:
    """Return an event that is set by the first SIGTERM or SIGINT; call it inside the running loop."""
    event = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, event.set)
    return event


async def pause(event: asyncio.Event, seconds: float) -> bool:
    """Wait that long, or until the event is set; tell whether it is."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True
