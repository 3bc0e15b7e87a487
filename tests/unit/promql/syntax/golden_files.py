"""Golden tables: one case a line, ``input  =>  expected``; ``⏎`` stands for a line break, blank lines separate."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "golden"
ARROW = "  =>  "
LINE_BREAK = "⏎"
AND_MORE = "…"
"""At the end of an expected refusal: whatever follows, here RE2's own words."""

REFUSALS = "refusals"
LAID_OUT = "pretty.promql"
RULE = "-" * 20


@dataclass(frozen=True, slots=True)
class Case:
    """One line of a table."""

    table: str
    query: str
    expected: str

    def __str__(self) -> str:
        return f"{self.table}: {self.query}"


def accepted() -> list[Case]:
    """Return the queries that parse, with their canonical text."""
    tables = sorted(path.stem for path in FOLDER.glob("*.txt") if path.stem != REFUSALS)
    return [case for table in tables for case in _read(table)]


def refused() -> list[Case]:
    """Return the queries that don't parse, with ``line:column: message``."""
    return _read(REFUSALS)


def laid_out() -> list[Case]:
    """Return long queries, with their text split into lines."""
    blocks = (FOLDER / LAID_OUT).read_text(encoding="utf-8").split("\n\n")
    split = (block.strip("\n").split(f"\n{RULE}\n") for block in blocks)
    return [Case("pretty", query, expected) for query, expected in split]


def _read(table: str) -> list[Case]:
    lines = (FOLDER / f"{table}.txt").read_text(encoding="utf-8").splitlines()
    split = (line.split(ARROW) for line in lines if line)
    return [Case(table, query.replace(LINE_BREAK, "\n"), expected) for query, expected in split]
