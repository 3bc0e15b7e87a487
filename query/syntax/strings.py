r"""String literals as Go writes them, which is how both languages do.

``"…"`` and ``'…'`` know the escapes ``\a \b \f \n \r \t \v \\ \ooo \xhh \uhhhh \Uhhhhhhhh`` and their own quote;
`````…````` is raw. ``\x`` and octal escapes denote bytes: where the bytes of a string are not UTF-8, they are kept as
lone surrogates the way :pep:`383` does, and :func:`quote` prints them as the same escapes, so a literal survives
parsing and printing exactly.

Limits: single quotes are PromQL's; LogQL's caller does not offer them.
"""

from __future__ import annotations

import re
from typing import Final

from query.model.errors import BadQueryError

_SIMPLE: Final = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", "\\": "\\"}
_SIMPLE_BACK: Final = {character: f"\\{letter}" for letter, character in _SIMPLE.items()} | {'"': '\\"'}
_ESCAPE: Final = re.compile(r"\\(?:([0-7]{3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.DOTALL)
_OCTAL: Final = "01234567"
_HEX: Final = "0123456789abcdefABCDEF"
_DIGITS_OF: Final = dict.fromkeys(_OCTAL, (_OCTAL, 3)) | {"x": (_HEX, 2), "u": (_HEX, 4), "U": (_HEX, 8)}
_PLAIN_TEXT: Final = re.compile(r"[ !#-\[\]-~]*\Z")
_BODY: Final = {
    '"': re.compile(r'(?:[^"\\\n]|\\.)*+', re.DOTALL),
    "'": re.compile(r"(?:[^'\\\n]|\\.)*+", re.DOTALL),
    "`": re.compile(r"[^`]*+"),
}
_MAX_BYTE: Final = 0xFF
_MAX_RUNE: Final = 0x10FFFF
_MAX_BMP: Final = 0xFFFF
_MAX_ASCII: Final = 0x7F
_REPLACEMENT: Final = "\ufffd"


def literal_end(text: str, start: int) -> int:
    """Return the offset just behind the literal whose opening quote is at ``start``.

    Raises ``BadQueryError`` if it is not terminated, in Prometheus' words.
    """
    quote_mark = text[start]
    match = _BODY[quote_mark].match(text, start + 1)
    end = match.end() if match else start + 1
    if text.startswith(quote_mark, end):
        return end + 1
    if quote_mark == "`":
        raise BadQueryError("unterminated raw string")
    if text.startswith("\\", end):
        raise BadQueryError("escape sequence not terminated")
    raise BadQueryError("unterminated quoted string")


def unquote(literal: str) -> str:
    """Return what a whole literal, quotes included, denotes; ``BadQueryError`` names a bad escape."""
    quote_mark, body = literal[0], literal[1:-1]
    if _REPLACEMENT in body:
        raise BadQueryError("invalid UTF-8 rune")
    if quote_mark == "`" or "\\" not in body:
        return body
    parts: list[bytes] = []
    done = 0
    for match in _ESCAPE.finditer(body):
        parts.append(body[done : match.start()].encode())
        parts.append(_escaped(match, quote_mark))
        done = match.end()
    parts.append(body[done:].encode())
    return b"".join(parts).decode("utf-8", "surrogateescape")


def _escaped(match: re.Match[str], quote_mark: str) -> bytes:
    octal, byte, short, long, other = match.groups()
    if octal or byte:
        value = int(octal, 8) if octal else int(byte, 16)
        if value > _MAX_BYTE:
            raise BadQueryError("escape sequence is an invalid Unicode code point")
        return bytes([value])
    if short or long:
        value = int(short or long, 16)
        if value > _MAX_RUNE or 0xD800 <= value <= 0xDFFF:  # noqa: PLR2004 — the surrogates
            raise BadQueryError("escape sequence is an invalid Unicode code point")
        return chr(value).encode()
    if other == quote_mark:
        return other.encode()
    if other in _SIMPLE:
        return _SIMPLE[other].encode()
    if other in _DIGITS_OF:
        raise _illegal_digit(match, other, quote_mark)
    raise BadQueryError(f"unknown escape sequence {_named(other)}")


def _illegal_digit(match: re.Match[str], letter: str, quote_mark: str) -> BadQueryError:
    """Return the error for an escape that lacks digits, naming the character that is none."""
    digits, count = _DIGITS_OF[letter]
    first = match.end() - (letter not in "xuU")
    found = match.string[first : first + count] + quote_mark
    culprit = next(character for character in found if character not in digits)
    return BadQueryError(f"illegal character {_named(culprit)} in escape sequence")


def _named(character: str) -> str:
    code = f"U+{ord(character):04X}"
    return f"{code} '{character}'" if character.isprintable() else code


def quote(value: str) -> str:
    """Return ``value`` as a double-quoted literal, as Go's ``strconv.Quote`` does; the result is valid Unicode."""
    if _PLAIN_TEXT.match(value):
        return f'"{value}"'
    return '"' + "".join(map(_shown, value)) + '"'


def quote_character(character: str) -> str:
    r"""Return one character as Go's ``%q`` shows it in error messages: ``'$'``, ``'\x00'``."""
    if character == "'":
        return r"'\''"
    return f"'{character if character == chr(34) else _shown(character)}'"


def excerpt(text: str, longest: int = 100) -> str:
    """Return ``text`` as :func:`quote` does, cut to ``longest`` characters: for error messages."""
    return quote(text) if len(text) <= longest else f"{quote(text[:longest])}..."


def _shown(character: str) -> str:
    escape = _SIMPLE_BACK.get(character)
    if escape is not None:
        return escape
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # noqa: PLR2004 — a byte kept by surrogateescape
        return f"\\x{code - 0xDC00:02x}"
    if character.isprintable():
        return character
    if code <= _MAX_ASCII:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= _MAX_BMP else f"\\U{code:08x}"
