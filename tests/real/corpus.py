"""Read corpus files: a query a line, ``#`` comments, ``# ---- …`` headings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
HEADING = "# ---- "


@dataclass(frozen=True, slots=True)
class Entry:
    """One query of a corpus, the line it stands on, which names its test, and the heading above it."""

    query: str
    line: int
    heading: str = ""

    @property
    def id(self) -> str:
        """Return the test id: the line number, and the start of the query to recognise it by."""
        short = self.query if len(self.query) <= 60 else self.query[:57] + "..."
        return f"{self.line}: {short}"


def read_corpus(name: str) -> list[Entry]:
    """Return the entries of the corpus file ``name`` beside this module."""
    entries, heading = [], ""
    for number, line in enumerate((HERE / name).read_text(encoding="utf-8").splitlines(), 1):
        if line.startswith(HEADING):
            heading = line.removeprefix(HEADING)
        elif line.strip() and not line.startswith("#"):
            entries.append(Entry(line.strip(), number, heading))
    return entries
