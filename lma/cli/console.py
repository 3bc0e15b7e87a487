"""Where output goes: data to stdout, everything about it (warnings, progress, errors) to stderr.

Colours only on a terminal, and never with ``NO_COLOR``. Piped output is not wrapped or cut to a width. What servers and
logs say is data: it is never read as markup, and its control characters (which could drive the terminal) are shown, not
sent.
"""

from __future__ import annotations

import io
import re
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rich.console import Console

PIPED_WIDTH: Final = 10_000
_CONTROL: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def stdout() -> Console:
    """Return the console for data."""
    return _console(is_error=False)


def stderr() -> Console:
    """Return the console for everything else."""
    return _console(is_error=True)


def is_terminal() -> bool:
    """Tell whether stdout is a terminal."""
    return sys.stdout.isatty()


def visible(text: str) -> str:
    """Return ``text`` with control and direction characters (but tab and newline) as escapes."""
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def write(text: str) -> None:
    """Write plain text to stdout."""
    sys.stdout.write(text)


def never_fail_to_encode() -> None:
    """Make what a stream's encoding does not have come out as escapes instead of raising."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _console(*, is_error: bool) -> Console:
    from rich.console import Console  # noqa: PLC0415 — `lma --help` does without

    stream = sys.stderr if is_error else sys.stdout
    width = None if stream.isatty() else PIPED_WIDTH
    return Console(
        file=stream,
        width=width,
        markup=False,
        highlight=False,
        emoji=False,
        soft_wrap=not stream.isatty(),
        legacy_windows=False,
    )
