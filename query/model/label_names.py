"""Names of labels and metrics in places that do not take every character: the path of a URL, an exposition.

Source: EscapeName and UnescapeName in model/metric.go of prometheus/common. Of its ways to write a name only the one
called values can be undone: ``U__`` before the name, ``__`` for an underscore, ``_2e_`` for a character not allowed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from query.model.labels import LEGACY_METRIC_NAME

PREFIX: Final = "U__"
_ESCAPE: Final = re.compile(r"__|_([0-9a-f]{1,6})_")
_ESCAPED: Final = re.compile(r"(?:[^_]|__|_[0-9a-f]{1,6}_)*\Z", re.DOTALL)
_MAX_CODE_POINT: Final = 0x10FFFF
_SURROGATES: Final = range(0xD800, 0xE000)


def unescape(name: str) -> str:
    """Return the name that ``name`` encodes; a name that is not an encoded one is returned as it is."""
    if not name.startswith(PREFIX) or not _ESCAPED.match(name, len(PREFIX)):
        return name
    encoded = name[len(PREFIX) :]
    points = [int(found, 16) for found in _ESCAPE.findall(encoded) if found]
    if any(point > _MAX_CODE_POINT or point in _SURROGATES for point in points):
        return name
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)) if found[1] else "_", encoded)


def escape(name: str, how: str) -> str:
    """Return a name as readers take it that do not take every character; ``how`` is one of ``ESCAPINGS``."""
    return name if LEGACY_METRIC_NAME.match(name) else ESCAPINGS[how](name)


def _underscores(name: str) -> str:
    return "".join(one if _is_legacy(one, place) else "_" for place, one in enumerate(name))


def _dots(name: str) -> str:
    shown = {"_": "__", ".": "_dot_"}
    return "".join(shown.get(one) or (one if _is_legacy(one, place) else "__") for place, one in enumerate(name))


def _values(name: str) -> str:
    parts = (
        "__" if one == "_" else one if _is_legacy(one, place) else f"_{ord(one):x}_" for place, one in enumerate(name)
    )
    return PREFIX + "".join(parts)


def _is_legacy(character: str, place: int) -> bool:
    return bool(LEGACY_METRIC_NAME.match(character)) or (place > 0 and character in "0123456789")


ESCAPINGS: Final[Mapping[str, Callable[[str], str]]] = {
    "allow-utf-8": str,
    "underscores": _underscores,
    "dots": _dots,
    "values": _values,
}
"""How a name that is not of the old form is written, by the word in a content type."""
