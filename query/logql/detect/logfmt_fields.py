"""The fields of a logfmt line, read as Loki's ``logfmt`` stage does: pairs that are malformed are stepped over."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from query.logql.detect.names import sanitized, union_name

# a pair: a key without blanks, quotes or "=", then "=" and a quoted or bare value, which may be missing
_PAIR: Final = re.compile(
    r"""[\x00- ]*(?P<key>[^\x00- ="]+)(?:=(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<bare>[^\x00- ="]*)(?P<bad>["=])?))?""",
    re.DOTALL,
)
_REST: Final = re.compile(r"[^\x00- ]*")
_BLANK: Final = re.compile(r"[\x00- ]*")


def logfmt_fields(line: str, taken: frozenset[str]) -> dict[str, str]:
    """Return the fields that have a value, by name; a name in ``taken`` (the stream's labels) gets Loki's suffix."""
    found: dict[str, str] = {}
    place = _end(_BLANK, line, 0)
    while place < len(line):
        pair = _PAIR.match(line, place)
        if pair is not None and pair["bad"] == '"' and not pair["bare"]:
            break  # a quote that nothing ends takes the rest of the line
        if pair is None or pair["bad"] is not None or line[pair.end() : pair.end() + 1] == '"':
            # the pair is malformed: go on behind the next blank
            place = _end(_REST, line, place if pair is None else pair.end())
        else:
            value = _unquoted(pair["quoted"]) if pair["quoted"] is not None else pair["bare"] or ""
            name = sanitized(pair["key"])
            if name and value:
                found[union_name(name, taken)] = value.replace("�", " ")
            place = pair.end()
        place = _end(_BLANK, line, place)
    return found


def _end(pattern: re.Pattern[str], line: str, place: int) -> int:
    match = pattern.match(line, place)
    return place if match is None else match.end()


def _unquoted(text: str) -> str:
    if "\\" not in text:
        return text
    try:
        return msgspec.json.decode(b'"' + text.encode() + b'"', type=str)
    except (msgspec.MsgspecError, UnicodeEncodeError):
        return ""
