"""What a person sees while a build runs: a moving line in a terminal, a plain line now and then elsewhere.

A cold build takes minutes. Silence that long reads as a hang, to a person and to a CI that watches its
output; so something is printed at least every ``PLAIN_INTERVAL_S`` seconds.
"""

from __future__ import annotations

import time
from typing import Protocol

from rich.console import Console
from rich.status import Status

PLAIN_INTERVAL_S = 15.0


class Progress(Protocol):
    """What a build reports; calls come often, and how often to print is the implementation's choice."""

    def started(self, title: str) -> None:
        """Show that a build, or the wait for another process's build, begins."""

    def advanced(self, title: str, elapsed_s: float, note: str) -> None:
        """Show that it goes on; ``note`` says how far (``812 packages compiled``)."""

    def finished(self, title: str, elapsed_s: float) -> None:
        """Show that it ended well."""

    def stopped(self) -> None:
        """Take the display away; an error says the rest."""


class SilentProgress:
    """Shows nothing: for tests, and for callers with a display of their own."""

    def started(self, title: str) -> None:
        """Show nothing."""

    def advanced(self, title: str, elapsed_s: float, note: str) -> None:
        """Show nothing."""

    def finished(self, title: str, elapsed_s: float) -> None:
        """Show nothing."""

    def stopped(self) -> None:
        """Show nothing."""


class ConsoleProgress:
    """Writes to standard error, so that ``python -m lma.parts path …`` stays usable in a script."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(stderr=True, highlight=False)
        self._status: Status | None = None
        self._printed_at = 0.0

    def started(self, title: str) -> None:
        """Begin a moving line, or print the first plain one."""
        self._printed_at = time.monotonic()
        if self._console.is_terminal:
            self._status = self._console.status(title)
            self._status.start()
        else:
            self._line(f"{title} …")

    def advanced(self, title: str, elapsed_s: float, note: str) -> None:
        """Update the moving line, or print a plain one when the last is long enough ago."""
        text = f"{title} … {clock(elapsed_s)}" + (f"  ({note})" if note else "")
        if self._status is not None:
            self._status.update(text)
        elif time.monotonic() - self._printed_at >= PLAIN_INTERVAL_S:
            self._printed_at = time.monotonic()
            self._line(text)

    def finished(self, title: str, elapsed_s: float) -> None:
        """Leave one line that stays."""
        self.stopped()
        self._line(f"{title}: done in {clock(elapsed_s)}")

    def stopped(self) -> None:
        """Take the moving line away."""
        if self._status is not None:
            self._status.stop()
            self._status = None

    def _line(self, text: str) -> None:
        self._console.print(text, markup=False, soft_wrap=True)


def clock(seconds: float) -> str:
    """Write a duration the way a stopwatch does: ``130`` → ``2:10``."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02d}"
