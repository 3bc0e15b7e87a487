"""The fields of a JSON line: nested objects flattened with ``_``, arrays and nulls left out.

Follows Loki's ``json`` stage. Numbers keep the text they were written with.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from query.logql.detect.names import sanitized, union_name


class _Text(str):
    """A number's text, told apart from a string."""

    __slots__ = ()


def _refuse(text: str) -> Any:
    raise ValueError(text)


_decoder: Final = json.JSONDecoder(
    object_pairs_hook=lambda pairs: pairs, parse_float=_Text, parse_int=_Text, parse_constant=_refuse, strict=False
)
Field = tuple[str, str, tuple[str, ...]]
"""Name, value, and the keys that lead to it."""


def json_fields(line: str, taken: frozenset[str]) -> dict[str, tuple[str, tuple[str, ...]]] | None:
    """Return the fields by name, each with its value and path, or None if the line is no JSON object.

    A name in ``taken`` (the stream's labels) gets Loki's suffix.
    """
    try:
        value, _ = _decoder.raw_decode(line, len(line) - len(line.lstrip(" \t\r\n")))
    except (ValueError, RecursionError):
        return None
    if not line.lstrip(" \t\r\n").startswith("{"):
        return None
    found: dict[str, tuple[str, tuple[str, ...]]] = {}
    try:
        for path, text in _leaves(value, ()):
            name = _name(path, taken)
            if name:
                found[name] = (text, path)
    except RecursionError:
        return None
    return found


def _leaves(pairs: list[tuple[str, Any]], path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    for key, value in pairs:
        here = (*path, key)
        if isinstance(value, bool):
            yield here, "true" if value else "false"
        elif isinstance(value, str):
            yield here, value.replace("�", " ")
        elif isinstance(value, list) and _is_object(value):
            yield from _leaves(value, here)


def _is_object(value: list[Any]) -> bool:
    """Tell an object's pairs from an array; an empty one has nothing to show either way."""
    return bool(value) and all(isinstance(item, tuple) for item in value)


def _name(path: tuple[str, ...], taken: frozenset[str]) -> str:
    parts = [part for part in (key.strip() for key in path) if part]
    return union_name(sanitized("_".join(parts)), taken)
