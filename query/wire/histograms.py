"""Native histograms in the JSON of the Prometheus API.

``{"count": "42", "sum": "3.5", "buckets": [[rule, "lower", "upper", "count"], …]}``: all buckets in ascending order,
the empty ones left out, each with the rule that says which of its bounds it includes. Source: ``MarshalHistogram`` in
util/jsonutil/marshal.go.
"""

from __future__ import annotations

import math

import msgspec

from query.model.float_histogram import Bucket, Buckets, FloatHistogram, ResetHint
from query.syntax.numbers import format_sample
from query.wire.histogram_layout import CLOSED, LEFT_OPEN, OPEN, RIGHT_OPEN, Told, layout_of

NOT_FINITE = "one of them has counts that are not finite, of which JSON does not show all"


class HistogramBody(msgspec.Struct, gc=False):
    """A histogram in JSON."""

    count: str
    sum: str
    buckets: list[tuple[int, str, str, str]] = []


def histogram_of(body: HistogramBody, told: Told | None = None, hint: ResetHint = ResetHint.UNTOLD) -> FloatHistogram:
    """Return the histogram that JSON shows, ``undecided`` if that does not tell all; ``ValueError`` if it is none.

    The counter-reset hint is not in JSON, so it is what the caller knows of it.
    """
    layout = layout_of(tuple([(rule, lower, upper) for rule, lower, upper, _ in body.buckets]), told)
    counts = [float(count) for _, _, _, count in body.buckets]
    count = float(body.count)
    return FloatHistogram(
        layout.schema,
        count,
        float(body.sum),
        layout.zero_threshold,
        0.0 if layout.zero_position is None else counts[layout.zero_position],
        Buckets(layout.positive, tuple([counts[at] for at in layout.positive_positions])),
        Buckets(layout.negative, tuple([counts[at] for at in layout.negative_positions])),
        layout.custom_values,
        hint,
        undecided=layout.undecided if math.isfinite(count) else NOT_FINITE,
    )


def histogram_json(histogram: FloatHistogram) -> str:
    """Return a histogram as upstream writes it."""
    buckets = ",".join(_bucket_json(bucket) for bucket in histogram.buckets() if bucket.count != 0)
    listed = f',"buckets":[{buckets}]' if buckets else ""
    return f'{{"count":"{format_sample(histogram.count)}","sum":"{format_sample(histogram.sum)}"{listed}}}'


def _bucket_json(bucket: Bucket) -> str:
    if bucket.includes_lower:
        rule = CLOSED if bucket.includes_upper else RIGHT_OPEN
    else:
        rule = LEFT_OPEN if bucket.includes_upper else OPEN
    bounds = f'"{format_sample(bucket.lower)}","{format_sample(bucket.upper)}"'
    return f'[{rule},{bounds},"{format_sample(bucket.count)}"]'
