"""Native histograms in the JSON of the Prometheus API.

``{"count": "42", "sum": "3.5", "buckets": [[rule, "lower", "upper", "count"], …]}``: all buckets in ascending order,
the empty ones left out, each with the rule that says which of its bounds it includes. Source: ``MarshalHistogram`` in
util/jsonutil/marshal.go.
"""

from __future__ import annotations

from query.model.float_histogram import Bucket, FloatHistogram
from query.syntax.numbers import format_sample

_LEFT_OPEN, _RIGHT_OPEN, _OPEN, _CLOSED = 0, 1, 2, 3


def histogram_json(histogram: FloatHistogram) -> str:
    """Return a histogram as upstream writes it."""
    buckets = ",".join(_bucket_json(bucket) for bucket in histogram.buckets() if bucket.count != 0)
    listed = f',"buckets":[{buckets}]' if buckets else ""
    return f'{{"count":"{format_sample(histogram.count)}","sum":"{format_sample(histogram.sum)}"{listed}}}'


def _bucket_json(bucket: Bucket) -> str:
    if bucket.includes_lower:
        rule = _CLOSED if bucket.includes_upper else _RIGHT_OPEN
    else:
        rule = _LEFT_OPEN if bucket.includes_upper else _OPEN
    bounds = f'"{format_sample(bucket.lower)}","{format_sample(bucket.upper)}"'
    return f'[{rule},{bounds},"{format_sample(bucket.count)}"]'
