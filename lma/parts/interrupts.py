"""Interruptions that wait: for the few steps after which something must be cleaned up, and before which nothing can be.

Blocking the signals would not do: a child inherits that, and another thread of the process would take them.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_INTERRUPTIONS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def held_back() -> Iterator[None]:
    """Handle the Ctrl-C and SIGTERM that come inside of this when it is left.

    Those that are ignored, or end the process outright, still do. Python handles signals in the main thread only, so
    in another thread there is nothing to hold back.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        came.append(number)

    handlers = {sign: handler for sign in _INTERRUPTIONS if callable(handler := signal.getsignal(sign))}
    try:
        for sign in handlers:
            signal.signal(sign, note)
        yield
    finally:
        for sign, handler in handlers.items():
            signal.signal(sign, handler)
        for number in came:
            signal.raise_signal(number)
