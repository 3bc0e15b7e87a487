"""Places in notes: from the text a cluster was sent to the user's.

Upstream ends a note with the line and column of what it is about, ``… (1:6)``. A cluster means the text it was sent,
which may lack matchers, be a part of the user's, or hold a part of it several times. What stands at the place is looked
for in the user's text: if it stands there as often as in what was sent, or that many times less often, the place is
that of the same occurrence. Otherwise nobody can tell, and the place is left out.
"""

from __future__ import annotations

import re
from typing import Final

from query.model.frames import Notes

_NOTE: Final = re.compile(r"(?P<told>.*) \(1:(?P<column>\d+)\)\Z", re.DOTALL)
_NEWLINE: Final = b"\n"
_TOKEN: Final = re.compile(rb"""[\w:.]+|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`|\S""", re.DOTALL)


def placed(notes: Notes, sent: str, text: str) -> Notes:
    """Return notes about a query that was ``sent`` (one line) as notes about the user's ``text``; each note once."""
    return Notes(_each_placed(notes.warnings, sent, text), _each_placed(notes.infos, sent, text))


def _each_placed(told: tuple[str, ...], sent: str, text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_placed(note, sent, text) for note in told))


def _placed(note: str, sent: str, text: str) -> str:
    found = _NOTE.match(note)
    if found is None or sent == text:
        return note
    place = _same_place(sent.encode(), int(found["column"]) - 1, text.encode())
    return f"{found['told']} ({place})" if place else found["told"]


def _same_place(sent: bytes, offset: int, text: bytes) -> str:
    """Return line and column, both from 1, the column in bytes as upstream counts; empty if it can't be told."""
    token = _TOKEN.match(sent, offset)
    if token is None:
        return ""
    in_sent = [found.start() for found in _TOKEN.finditer(sent) if found[0] == token[0]]
    in_text = [found.start() for found in _TOKEN.finditer(text) if found[0] == token[0]]
    if offset not in in_sent or not in_text or len(in_sent) % len(in_text):
        return ""
    start = in_text[in_sent.index(offset) % len(in_text)]
    line = text.count(_NEWLINE, 0, start) + 1
    return f"{line}:{start - text.rfind(_NEWLINE, 0, start)}"
