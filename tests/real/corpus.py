"""Read corpus files: a query a line, ``#`` comments."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Entry:
    """One query of a corpus and the line it stands on, which names its test."""

    query: str
    line: int

    @property
    def id(self) -> str:
        """Return the test id: the line number, and the start of the query to recognise it by."""
        short = self.query if len(self.query) <= 60 else self.query[:57] + "..."
        return f"{self.line}: {short}"


def read_corpus(name: str) -> list[Entry]:
    """Return the entries of the corpus file ``name`` beside this module."""
    lines = (HERE / name).read_text(encoding="utf-8").splitlines()
    return [
        Entry(line.strip(), number) for number, line in enumerate(lines, 1) if line.strip() and not line.startswith("#")
    ]
