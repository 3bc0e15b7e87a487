"""Exposition of samples as a server's ``/federate`` writes it: text format 0.0.4, or delimited protocol buffers.

Sources: web/federate.go of Prometheus 3.16, expfmt/text_create.go of prometheus/common, metrics.proto of client_model.
Native histograms need protocol buffers and are left out of text, except those with custom buckets, which both formats
show as classic ones.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from query.model.labels import LEGACY_METRIC_NAME, METRIC_NAME, Labels
from query.syntax.numbers import format_float, format_scientific
from query.wire.protobuf import bytes_field, double_field, int_field, sint_field, varint
from query.wire.read_samples import NativeHistogram

Escape = Callable[[str], str]
UNTYPED, HISTOGRAM, GAUGE_HISTOGRAM = 3, 4, 5
_ESCAPES: Final = str.maketrans({"\\": "\\\\", "\n": "\\n", '"': '\\"'})
_SMALLEST_EXPONENT: Final = -4
_LARGEST_EXPONENT: Final = 6
_INSTANCE: Final = "instance"


@dataclass(frozen=True, slots=True)
class Exposed:
    """The last sample of a series, which has a name."""

    labels: Labels
    time_ms: int
    sample: float | NativeHistogram

    @property
    def name(self) -> str:
        """The metric name."""
        return dict(self.labels)[METRIC_NAME]

    @property
    def kind(self) -> int:
        """The type of its family, by its number in metrics.proto."""
        if not isinstance(self.sample, NativeHistogram):
            return UNTYPED
        return GAUGE_HISTOGRAM if self.sample.is_gauge else HISTOGRAM


def expose_text(samples: Iterable[Exposed], escape: Escape) -> Iterator[str]:
    """Yield the text, a family at a time; the samples must be ordered by name."""
    shown = (one for one in samples if not isinstance(one.sample, NativeHistogram) or one.sample.has_custom_buckets)
    for (name, kind), family in groupby(shown, key=lambda one: (one.name, one.kind)):
        written = escape(name)
        lines = [f"# TYPE {_name(written)} {'untyped' if kind == UNTYPED else 'histogram'}\n"]
        for one in family:
            pairs = _pairs(one.labels, escape)
            if isinstance(one.sample, NativeHistogram):
                lines.extend(_classic_lines(written, pairs, one.sample, one.time_ms))
            else:
                lines.append(_line(written, pairs, one.sample, one.time_ms))
        yield "".join(lines)


def expose_protobuf(samples: Iterable[Exposed], escape: Escape) -> Iterator[bytes]:
    """Yield each family as a message with its length before it; the samples must be ordered by name."""
    for (name, kind), family in groupby(samples, key=lambda one: (one.name, one.kind)):
        message = bytes_field(1, escape(name).encode()) + int_field(3, kind)
        message += b"".join(bytes_field(4, _metric(one, escape)) for one in family)
        yield varint(len(message)) + message


def _pairs(labels: Labels, escape: Escape) -> list[tuple[str, str]]:
    """Return the labels but the name; a series without an instance says so, or the scraper would add its own."""
    pairs = [(escape(name), value) for name, value in labels if name != METRIC_NAME]
    return pairs if any(name == _INSTANCE for name, _ in labels) else [*pairs, (_INSTANCE, "")]


def _line(name: str, pairs: Sequence[tuple[str, str]], value: float, time_ms: int) -> str:
    written = ",".join(f'{_name(label)}="{value.translate(_ESCAPES)}"' for label, value in pairs)
    is_plain = LEGACY_METRIC_NAME.match(name) is not None
    head = f"{name}{{{written}}}" if is_plain else f"{{{_name(name)},{written}}}"
    return f"{head} {go_general(value)} {time_ms}\n"


def _classic_lines(
    name: str, pairs: Sequence[tuple[str, str]], histogram: NativeHistogram, time_ms: int
) -> Iterator[str]:
    for bound, count in (*histogram.classic_buckets(), (math.inf, histogram.count)):
        yield _line(f"{name}_bucket", [*pairs, ("le", go_general(bound))], count, time_ms)
    yield _line(f"{name}_sum", pairs, histogram.sum, time_ms)
    yield _line(f"{name}_count", pairs, histogram.count, time_ms)


def _name(name: str) -> str:
    return name if LEGACY_METRIC_NAME.match(name) else f'"{name.translate(_ESCAPES)}"'


def go_general(value: float) -> str:
    """Return a float as Go's ``FormatFloat(v, 'g', -1, 64)``: ``1e+06``, ``0.0001``, ``1.5e-05``."""
    if value == 0:
        return "0"
    if not math.isfinite(value):
        return format_float(value)
    scientific = format_scientific(value)
    exponent = int(scientific.partition("e")[2])
    return scientific if exponent < _SMALLEST_EXPONENT or exponent >= _LARGEST_EXPONENT else format_float(value)


def _metric(one: Exposed, escape: Escape) -> bytes:
    message = b"".join(
        bytes_field(1, bytes_field(1, name.encode()) + bytes_field(2, value.encode()))
        for name, value in _pairs(one.labels, escape)
    )
    if isinstance(one.sample, NativeHistogram):
        is_classic = one.sample.has_custom_buckets
        return _stamp(message, one) + bytes_field(7, _classic(one.sample) if is_classic else _native(one.sample))
    return message + bytes_field(5, double_field(1, one.sample)) + varint(6 << 3) + varint(one.time_ms)


def _stamp(message: bytes, one: Exposed) -> bytes:
    return message + varint(6 << 3) + varint(one.time_ms)


def _classic(histogram: NativeHistogram) -> bytes:
    buckets = (
        bytes_field(3, double_field(2, bound) + double_field(4, count)) for bound, count in histogram.classic_buckets()
    )
    return double_field(2, histogram.sum) + b"".join(buckets) + double_field(4, histogram.count)


def _native(histogram: NativeHistogram) -> bytes:
    return b"".join(
        (
            double_field(2, histogram.sum),
            double_field(4, histogram.count),
            sint_field(5, histogram.schema),
            double_field(6, histogram.zero_threshold),
            double_field(8, histogram.zero_count),
            *(bytes_field(9, span) for span in histogram.negative_spans),
            *(double_field(11, count) for count in histogram.negative_counts),
            *(bytes_field(12, span) for span in histogram.positive_spans),
            *(double_field(14, count) for count in histogram.positive_counts),
        )
    )
