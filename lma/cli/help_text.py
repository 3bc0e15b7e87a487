"""The help of a command: what it does, then examples one can paste."""

from __future__ import annotations

from typing import Final

MAX_WIDTH: Final = 78


def help_text(summary: str, *examples: tuple[str, str]) -> str:
    """Return a help text; each example is a command line and what it is for.

    The backspace character is how typer is told to keep the lines of a paragraph as they are.
    """
    width = max((len(command) for command, _ in examples), default=0)
    is_short = all(len(f"  {'':{width}}   {purpose}") <= MAX_WIDTH for _, purpose in examples)
    lines = [
        f"  {command:<{width}}   {purpose}".rstrip() if is_short else f"  {command}\n      {purpose}"
        for command, purpose in examples
    ]
    return "\n".join([summary, "", "\b", "Examples:", *lines])
