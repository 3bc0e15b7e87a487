"""The samples of a series as remote read writes them (prompb/types.proto): the last one, decoded."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

from query.wire.protobuf import ProtobufError, fields, number, read_varint, view, zigzag

CUSTOM_BUCKETS: Final = -53
"""The schema of histograms whose bounds are listed one by one."""

_STALE: Final = struct.pack("<Q", 0x7FF0000000000002)
_GAUGE: Final = 3
_double: Final = struct.Struct("<d")


@dataclass(frozen=True, slots=True)
class NativeHistogram:
    """A native histogram of float counts; spans are the bytes of their messages, which all formats share."""

    count: float = 0.0
    sum: float = 0.0
    schema: int = 0
    zero_threshold: float = 0.0
    zero_count: float = 0.0
    negative_spans: tuple[bytes, ...] = ()
    negative_counts: tuple[float, ...] = ()
    positive_spans: tuple[bytes, ...] = ()
    positive_counts: tuple[float, ...] = ()
    is_gauge: bool = False
    custom_values: tuple[float, ...] = ()

    @property
    def has_custom_buckets(self) -> bool:
        """True if the bounds are listed, as a classic histogram's are."""
        return self.schema == CUSTOM_BUCKETS

    def classic_buckets(self) -> Iterator[tuple[float, float]]:
        """Yield each listed bound and the count of all up to it."""
        counts: dict[int, float] = {}
        index = 0
        held = iter(self.positive_counts)
        for span in self.positive_spans:
            parts = {field: value for field, _, value in fields(memoryview(span))}
            index += zigzag(number(parts.get(1, 0)))
            for _ in range(min(number(parts.get(2, 0)), len(self.positive_counts))):
                counts[index] = next(held, 0.0)
                index += 1
        total = 0.0
        for place, bound in enumerate(self.custom_values):
            total += counts.get(place, 0.0)
            yield bound, total


def last_sample(samples: bytes) -> tuple[int, float | NativeHistogram] | None:
    """Return time and value of the last sample; None if there is none, or it is a stale marker."""
    last: tuple[int, int, memoryview] | None = None
    for field, _, value in fields(memoryview(samples)):
        if field in {2, 4}:
            message = view(value)
            time_ms = _time_ms(message, 2 if field == 2 else 15)  # noqa: PLR2004  (field numbers)
            if last is None or time_ms >= last[0]:
                last = (time_ms, field, message)
    if last is None:
        return None
    time_ms, field, message = last
    sample = _float(message) if field == 2 else _histogram(message)  # noqa: PLR2004
    return None if sample is None else (time_ms, sample)


def _time_ms(message: memoryview, wanted: int) -> int:
    return next((number(value) for field, _, value in fields(message) if field == wanted), 0)


def _float(message: memoryview) -> float | None:
    raw = next((bytes(view(value)) for field, _, value in fields(message) if field == 1), bytes(8))
    return None if raw == _STALE else float(_double.unpack(raw)[0])


def _histogram(message: memoryview) -> NativeHistogram | None:
    numbers: dict[int, float] = {}
    spans: dict[int, list[bytes]] = {8: [], 11: []}
    counts: dict[int, list[float]] = {9: [], 10: [], 12: [], 13: [], 16: []}
    for field, _, value in fields(message):
        if field in spans:
            spans[field].append(bytes(view(value)))
        elif field in {9, 12}:
            counts[field].extend(_deltas(value))
        elif field in counts:
            counts[field].extend(_doubles(view(value)))
        elif isinstance(value, int):
            numbers[field] = zigzag(value) if field == 4 else value  # noqa: PLR2004
        elif len(value) == _double.size:
            if field == 3 and bytes(value) == _STALE:  # noqa: PLR2004
                return None
            numbers[field] = float(_double.unpack(value)[0])
    return NativeHistogram(
        count=float(numbers.get(1, numbers.get(2, 0))),
        sum=float(numbers.get(3, 0)),
        schema=int(numbers.get(4, 0)),
        zero_threshold=float(numbers.get(5, 0)),
        zero_count=float(numbers.get(6, numbers.get(7, 0))),
        negative_spans=tuple(spans[8]),
        negative_counts=tuple(map(float, accumulate(counts[9]))) or tuple(counts[10]),
        positive_spans=tuple(spans[11]),
        positive_counts=tuple(map(float, accumulate(counts[12]))) or tuple(counts[13]),
        is_gauge=numbers.get(14) == _GAUGE,
        custom_values=tuple(counts[16]),
    )


def _deltas(value: int | memoryview) -> Iterator[int]:
    if isinstance(value, int):
        yield zigzag(value)
        return
    at = 0
    while at < len(value):
        one, at = read_varint(value, at)
        yield zigzag(one)


def _doubles(value: memoryview) -> Iterator[float]:
    if len(value) % _double.size:
        raise ProtobufError("numbers are cut off")
    return (one for (one,) in _double.iter_unpack(value))
