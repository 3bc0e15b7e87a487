"""The little of protocol buffers that the messages of remote read and of exposition need: fields in, fields out.

Numbers that are not there are 0, unknown fields are passed over, as the format wants it. What is cut off or nonsense
raises ``ProtobufError``; nothing is read beyond the bytes given.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
_MASK: Final = (1 << 64) - 1
_MOST_SHIFT: Final = 63
_SIGN: Final = 1 << 63
_double: Final = struct.Struct("<d")


class ProtobufError(ValueError):
    """The bytes are no message."""


def fields(data: memoryview) -> Iterator[tuple[int, int, int | memoryview]]:
    """Yield (number, wire type, value) of each field; the value of a length-delimited one is a view of its bytes."""
    at, end = 0, len(data)
    while at < end:
        key, at = read_varint(data, at)
        kind = key & 7
        if kind == VARINT:
            value, at = read_varint(data, at)
            yield key >> 3, kind, value
            continue
        if kind == BYTES:
            size, at = read_varint(data, at)
        elif kind in {FIXED64, FIXED32}:
            size = 8 if kind == FIXED64 else 4
        else:
            raise ProtobufError(f"wire type {kind} is not known")
        if size > end - at:
            raise ProtobufError("the message is cut off")
        yield key >> 3, kind, data[at : at + size]
        at += size


def read_varint(data: memoryview, at: int) -> tuple[int, int]:
    """Return the number at ``at`` and where it ends."""
    value = shift = 0
    while at < len(data) and shift <= _MOST_SHIFT:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004  (the bit that says more follow)
            return value & _MASK, at
        shift += 7
    raise ProtobufError("a number is cut off or too long")


def signed(value: int) -> int:
    """Return an ``int64`` of its varint."""
    return value - (1 << 64) if value & _SIGN else value


def zigzag(value: int) -> int:
    """Return a ``sint32`` or ``sint64`` of its varint."""
    return (value >> 1) ^ -(value & 1)


def text(value: int | memoryview) -> str:
    """Return a ``string`` field."""
    if isinstance(value, int):
        raise ProtobufError("a number where a text is wanted")
    try:
        return bytes(value).decode()
    except UnicodeDecodeError as error:
        raise ProtobufError("a text is not UTF-8") from error


def view(value: int | memoryview) -> memoryview:
    """Return the bytes of a nested message."""
    if isinstance(value, int):
        raise ProtobufError("a number where a message is wanted")
    return value


def number(value: int | memoryview) -> int:
    """Return an ``int64`` or enum field."""
    if not isinstance(value, int):
        raise ProtobufError("a message where a number is wanted")
    return signed(value)


def varint(value: int) -> bytes:
    """Return a number, a negative one as ``int64`` writes it."""
    value &= _MASK
    out = bytearray()
    while value >= 0x80:  # noqa: PLR2004
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def int_field(field: int, value: int) -> bytes:
    """Return a ``int64``, ``uint64`` or enum field; nothing if it is 0."""
    return varint(field << 3) + varint(value) if value else b""


def sint_field(field: int, value: int) -> bytes:
    """Return a ``sint32`` or ``sint64`` field, also if it is 0."""
    return varint(field << 3) + varint(value * 2 if value >= 0 else -value * 2 - 1)


def bytes_field(field: int, value: bytes) -> bytes:
    """Return a length-delimited field: a text or a message."""
    return varint(field << 3 | BYTES) + varint(len(value)) + value


def double_field(field: int, value: float) -> bytes:
    """Return a ``double`` field, also if it is 0."""
    return varint(field << 3 | FIXED64) + _double.pack(value)
