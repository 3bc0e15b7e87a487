"""Results of metric queries as documents for programs, and their values as text."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from lma.cli.values import exact, short

if TYPE_CHECKING:
    from lma.client import Histogram, MetricResult, Result, Sample, Series


def document(result: MetricResult) -> dict[str, Any]:
    """Return a result in the shape of the Prometheus API's ``data``, with warnings, infos and completeness."""
    from lma.client import Matrix, Vector  # noqa: PLC0415 — not for --help

    kind: str
    content: list[Any]
    if isinstance(result, Vector):
        kind, content = "vector", [_sample_document(sample) for sample in result]
    elif isinstance(result, Matrix):
        kind, content = "matrix", [_series_document(series) for series in result]
    else:
        kind, content = type(result).__name__.lower(), [result.time_s, value_text(result.value)]
    return {"resultType": kind, "result": content, **notes_document(result)}


def notes_document(result: Result) -> dict[str, Any]:
    """Return what stands beside the data in every document."""
    return {
        "warnings": list(result.warnings),
        "infos": list(result.infos),
        "completeness": {
            "complete": result.completeness.is_complete,
            "asked": list(result.completeness.asked),
            "missing": dict(result.completeness.missing),
        },
    }


def value_text(value: float | str) -> str:
    """Return the value of a scalar or string."""
    return value if isinstance(value, str) else exact(value)


def sample_text(sample: Sample, *, is_exact: bool) -> str:
    """Return the value of a sample, exactly or for people."""
    if sample.histogram is not None:
        return histogram_text(sample.histogram)
    value = math.nan if sample.value is None else sample.value
    return exact(value) if is_exact else short(value)


def histogram_text(histogram: Histogram) -> str:
    """Return a native histogram in few words, as Prometheus prints one without its buckets."""
    return f"{{count:{exact(histogram.count)}, sum:{exact(histogram.sum)}}}"


def _sample_document(sample: Sample) -> dict[str, Any]:
    value: dict[str, Any] = {"metric": dict(sample.labels)}
    if sample.histogram is not None:
        value["histogram"] = [sample.time_s, _histogram_document(sample.histogram)]
    else:
        value["value"] = [sample.time_s, exact(math.nan if sample.value is None else sample.value)]
    return value


def _series_document(series: Series) -> dict[str, Any]:
    value: dict[str, Any] = {"metric": dict(series.labels)}
    if series.times_s:
        pairs = zip(series.times_s, series.values, strict=True)
        value["values"] = [[time_s, exact(number)] for time_s, number in pairs]
    if series.histograms:
        value["histograms"] = [[time_s, _histogram_document(h)] for time_s, h in series.histograms]
    return value


def _histogram_document(histogram: Histogram) -> dict[str, Any]:
    return {
        "count": exact(histogram.count),
        "sum": exact(histogram.sum),
        "buckets": [[b.boundaries, exact(b.lower), exact(b.upper), exact(b.count)] for b in histogram.buckets],
    }
