"""Label names in places that do not take every character, such as the path of a URL.

Source: ValueEncodingEscaping in model/metric.go of prometheus/common: ``U__`` before the name, ``__`` for an
underscore, ``_2e_`` for a character that is not allowed.
"""

from __future__ import annotations

import re
from typing import Final

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
