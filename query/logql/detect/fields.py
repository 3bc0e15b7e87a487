"""Which fields lines have: those the query parsed, structured metadata, and what JSON or logfmt gives.

Loki reads the last lines a query selects and looks into each. A cluster's own answer is of the last lines of that
cluster; the union's is of the last lines of all, so the lines are what is fetched, and they are looked into here.

Loki estimates a field's cardinality by a sketch. Here it is counted, which is what a sketch of so few values gives but
for its error.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from query.logql.detect.json_fields import json_fields
from query.logql.detect.kinds import kind_of, shown_value
from query.logql.detect.logfmt_fields import logfmt_fields
from query.model.labels import Labels

ERRORS: Final = frozenset({"__error__", "__error_details__", "__preserve_error__"})


@dataclass(frozen=True, slots=True)
class DetectableLine:
    """One line with its stream's labels, its structured metadata, and the fields the query's parsers took from it."""

    stream: Labels
    line: str
    metadata: Mapping[str, str]
    parsed: Mapping[str, str]


@dataclass(slots=True)
class DetectedField:
    """One field; ``values`` are distinct, ``path`` are the keys that lead to it in JSON."""

    name: str
    kind: str = "string"
    values: set[str] = field(default_factory=set)
    parsers: list[str] = field(default_factory=list)
    path: tuple[str, ...] = ()


def detect_fields(lines: Iterable[DetectableLine], limit: int) -> list[DetectedField]:
    """Return up to ``limit`` fields in order of appearance."""
    found: dict[str, DetectedField] = {}
    for line in lines:
        for name, value, parser, path in _fields(line):
            detected = found.get(name)
            if detected is None:
                if len(found) >= limit:
                    continue
                detected = found[name] = DetectedField(name)
            if parser and parser not in detected.parsers:
                detected.parsers.append(parser)
            if parser == "json":
                detected.path = path
            detected.kind = kind_of(value)
            detected.values.add(value)
    return list(found.values())


def field_values(lines: Iterable[DetectableLine], name: str, limit: int) -> list[str]:
    """Return up to ``limit`` values of a field, sorted."""
    values: set[str] = set()
    for line in lines:
        for found, value, parser, _ in _fields(line):
            if found == name:
                values.add(shown_value(value) if parser is not None else value)
        if len(values) >= limit:
            break
    return sorted(values)[:limit]


def _fields(line: DetectableLine) -> Iterator[tuple[str, str, str | None, tuple[str, ...]]]:
    """Yield name, value, parser (None: metadata; empty: none is known) and path."""
    for name, value in line.metadata.items():
        yield name, value, None, ()
    taken = frozenset(name for name, _ in line.stream) - line.parsed.keys()
    as_json = json_fields(line.line, taken)
    if as_json is not None:
        parser, found = "json", as_json
    else:
        parser = "logfmt"
        found = {name: (value, ()) for name, value in logfmt_fields(line.line, taken).items()}
    for name, value in line.parsed.items():
        if name not in ERRORS:
            path = found[name][1] if name in found else ()
            yield name, value, parser, path
    for name, (value, path) in found.items():
        if line.parsed.get(name) != value:
            yield name, value, parser, path
