"""Queries that the gateway refuses: a list that may only be changed on purpose.

``cannot compute …`` is an honest answer and never a divergence, but refusing more and more would make the suite green
and the gateway useless. So each corpus has a list of the queries that are refused today. A refusal that is not listed
fails, and so does a listed query that is answered by now. ``pytest tests/real --update-refused`` writes the lists
anew, for a reviewer to see in the diff.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tests.real.corpus import HERE, Entry


@dataclass(slots=True)
class Refusals:
    """The listed refusals of one corpus, and those met in this run by query."""

    path: Path
    listed: frozenset[str]
    updates: bool
    met: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, name: str, *, updates: bool) -> Refusals:
        """Read the list ``name``; a missing file is an empty list."""
        path = HERE / name
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        listed = frozenset(line for line in lines if line and not line.startswith("#"))
        return cls(path, listed, updates)

    def check(self, query: str, refusals: Iterable[str]) -> list[str]:
        """Return what is wrong about a query having been refused with these messages (none: it was answered)."""
        messages = sorted(set(refusals))
        if messages:
            self.met[query] = messages[0]
        if self.updates:
            return []
        if messages and query not in self.listed:
            return [f"refused, which {self.path.name} does not list: {message}" for message in messages]
        if not messages and query in self.listed:
            return [f"answered, though {self.path.name} lists it as refused: take it out"]
        return []

    def save(self, corpus: Iterable[Entry], title: str) -> None:
        """Write the refusals met, in the order of the corpus, grouped by message."""
        lines = [
            f"# {title}",
            "# Written by `pytest tests/real --update-refused`; the comment above a query is the refusal.",
        ]
        last = ""
        for entry in corpus:
            message = self.met.get(entry.query)
            if message is None:
                continue
            if message != last:
                lines += ["", f"# {message}"]
                last = message
            lines.append(entry.query)
        self.path.write_text("\n".join(lines) + "\n", encoding="utf-8")
