"""A histogram as Go's ``String`` writes it, which ``count_values`` puts into a label.

``{count:3, sum:1.5, [-0.001,0.001]:1, (0.5,1]:2}``: buckets ascending, empty ones left out, numbers as ``%g``. Source:
FloatHistogram.String and Bucket.String in model/histogram.
"""

from __future__ import annotations

from query.model.float_histogram import Bucket, FloatHistogram
from query.promql.evaluate.go_text import general


def text(histogram: FloatHistogram) -> str:
    """Return the text. Unlike in JSON, no bucket is cut at the zero bucket."""
    parts = [f"count:{general(histogram.count)}, sum:{general(histogram.sum)}"]
    parts += [_bucket(bucket) for bucket in list(histogram.negative_buckets())[::-1] if bucket.count != 0]
    if histogram.zero_count != 0:
        parts.append(_bucket(histogram.zero_bucket()))
    parts += [_bucket(bucket) for bucket in histogram.positive_buckets() if bucket.count != 0]
    return f"{{{', '.join(parts)}}}"


def _bucket(bucket: Bucket) -> str:
    opening = "[" if bucket.includes_lower else "("
    closing = "]" if bucket.includes_upper else ")"
    bounds = f"{general(bucket.lower)},{general(bucket.upper)}"
    return f"{opening}{bounds}{closing}:{general(bucket.count)}"
