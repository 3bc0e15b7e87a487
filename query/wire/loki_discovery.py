"""Bodies of Loki's endpoints that tell what is in the logs: patterns, detected fields, limits."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from query.logql.detect.fields import DetectableLine, DetectedField
from query.model.labels import Labels


class PatternSeries(msgspec.Struct):
    """One pattern, and how many lines it had at which times (Unix seconds)."""

    pattern: str
    level: str = ""
    samples: list[tuple[int, int]] = []


class PatternsBody(msgspec.Struct):
    """Answer of ``/patterns``."""

    status: str = "success"
    data: list[PatternSeries] = []


class DrilldownLimitsBody(msgspec.Struct):
    """Answer of ``/drilldown-limits``."""

    limits: dict[str, Any] = {}
    pattern_ingester_enabled: bool = False
    version: str = ""


class _Categories(msgspec.Struct):
    structuredMetadata: dict[str, str] = {}  # noqa: N815  (upstream's name)
    parsed: dict[str, str] = {}


_entries: Final = msgspec.json.Decoder(tuple[str, str, _Categories])
_bare_entries: Final = msgspec.json.Decoder(tuple[str, str])


def detectable_line(labels: Labels, entry: bytes) -> DetectableLine:
    """Return an entry that was asked for with categorized labels."""
    try:
        _, line, categories = _entries.decode(entry)
    except msgspec.ValidationError:
        return DetectableLine(labels, _bare_entries.decode(entry)[1], {}, {})
    return DetectableLine(labels, line, categories.structuredMetadata, categories.parsed)


def field_json(field: DetectedField) -> dict[str, Any]:
    """Return one element of ``/detected_fields``."""
    shown: dict[str, Any] = {
        "label": field.name,
        "type": field.kind,
        "cardinality": len(field.values),
        "parsers": field.parsers or None,
    }
    if field.path:
        shown["jsonPath"] = field.path
    return shown
