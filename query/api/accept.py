"""The header ``Accept`` as Go's goautoneg reads it: media types with their parameters, the preferred first."""

from __future__ import annotations

from typing import Final

MOST_TYPES: Final = 50


def accepted_types(text: str) -> list[tuple[str, dict[str, str]]]:
    """Return (type, parameters) of each clause, by descending ``q``, those that are equal in the order given."""
    clauses: list[tuple[float, str, dict[str, str]]] = []
    for clause in text.split(",", MOST_TYPES)[:MOST_TYPES]:
        media_type, *rest = (part.strip() for part in clause.split(";"))
        if not media_type:
            continue
        params = {name.strip(): value.strip(' "') for name, _, value in (part.partition("=") for part in rest)}
        clauses.append((_weight(params.pop("q", "1")), media_type.lower(), params))
    clauses.sort(key=lambda one: -one[0])
    return [(media_type, params) for _, media_type, params in clauses]


def _weight(text: str) -> float:
    try:
        return min(max(float(text), 0.0), 1.0)
    except ValueError:
        return 1.0
