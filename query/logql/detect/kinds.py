"""What kind of value a field's text is, by the rules Loki uses for ``/detected_fields``."""

from __future__ import annotations

import math
import re
from typing import Final

_INT: Final = re.compile(r"[+-]?[0-9]+\Z", re.ASCII)
_FLOAT: Final = re.compile(
    r"[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?|0x[0-9a-f]*\.?[0-9a-f]*p[+-]?[0-9]+|inf(?:inity)?|nan)\Z",
    re.ASCII | re.IGNORECASE,
)
_DURATION: Final = re.compile(r"[+-]?(?:0|(?:(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:ns|us|µs|μs|ms|s|m|h))+)\Z", re.ASCII)
_BYTES: Final = re.compile(r"([0-9][0-9.,]*)\s*([a-z]*)\Z", re.ASCII | re.IGNORECASE)
_BOOLEANS: Final = frozenset({"1", "t", "T", "TRUE", "true", "True", "0", "f", "F", "FALSE", "false", "False"})
_MAX_INT: Final = 2**63
_MAX_SIZE: Final = 2**64
_LETTERS: Final = "kmgtpe"
_UNITS: Final = {"": 1, "b": 1} | {
    f"{letter}{rest}": base ** (power + 1)
    for power, letter in enumerate(_LETTERS)
    for rest, base in (("", 1000), ("b", 1000), ("i", 1024), ("ib", 1024))
}
_SHOWN: Final = ("B", "kB", "MB", "GB", "TB", "PB", "EB")
_LEAST_SCALED: Final = 10


def kind_of(value: str) -> str:
    """Return ``int``, ``float``, ``boolean``, ``duration``, ``bytes`` or ``string``."""
    if _INT.match(value) and -_MAX_INT <= int(value[:40]) < _MAX_INT:
        return "int"
    if _FLOAT.match(value):
        return "float"
    if value in _BOOLEANS:
        return "boolean"
    if _DURATION.match(value):
        return "duration"
    return "string" if size_of(value) is None else "bytes"


def size_of(value: str) -> int | None:
    """Return the bytes a text such as ``1.5MB`` stands for, None if it stands for none."""
    found = _BYTES.match(value)
    if found is None or found[2].lower() not in _UNITS:
        return None
    try:
        size = float(found[1].replace(",", "")) * _UNITS[found[2].lower()]
    except ValueError:
        return None
    return int(size) if size < _MAX_SIZE else None


def shown_value(value: str) -> str:
    """Return a value as it is offered for a filter: sizes in the unit that LogQL reads."""
    size = size_of(value)
    if size is None or not value[-1:].isalpha():
        return value
    if size < _LEAST_SCALED:
        return f"{size}B"
    power = int(math.log(size) / math.log(1000))
    scaled = math.floor(size / 1000**power * 10 + 0.5) / 10
    return f"{scaled:.{1 if scaled < _LEAST_SCALED else 0}f}{_SHOWN[power]}"
