"""What a Prometheus-compatible server answered, in a form that can be compared.

Values stay floats, timestamps milliseconds; the order of a result is kept, because for ``sort()`` and for range
results it is part of the contract.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import httpx

LabelSet = tuple[tuple[str, str], ...]
Sample = tuple[int, float]


@dataclass(frozen=True, slots=True)
class ShownHistogram:
    """A native histogram as the API shows it; a bucket is (rule of its borders, lower, upper, count)."""

    count: float
    sum: float
    buckets: tuple[tuple[int, float, float, float], ...]


HistogramSample = tuple[int, ShownHistogram]


@dataclass(frozen=True, slots=True)
class Row:
    """One series of a result (``labels`` is empty for a scalar)."""

    labels: LabelSet
    samples: tuple[Sample, ...]
    histograms: tuple[HistogramSample, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of ``query`` or ``query_range``; ``rows`` is empty when it is an error."""

    status_code: int
    result_type: str = ""
    rows: tuple[Row, ...] = ()
    text: str = ""
    error_type: str = ""
    error: str = ""
    warnings: tuple[str, ...] = ()
    infos: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

    @property
    def is_error(self) -> bool:
        """True if the server did not answer the question."""
        return bool(self.error_type)

    @property
    def is_refusal(self) -> bool:
        """True if the gateway said that it can't compute this exactly, in the agreed form."""
        return (
            self.status_code == httpx.codes.UNPROCESSABLE_ENTITY
            and self.error_type == "execution"
            and self.error.startswith("cannot compute")
        )


def read_answer(response: httpx.Response) -> Answer:
    """Read a response of ``query`` or ``query_range``; a body that is not upstream's envelope is a ValueError."""
    return replace(read_body(response.status_code, response.content), headers=dict(response.headers))


def read_body(status_code: int, content: bytes) -> Answer:
    """Read the status and body of a response; a body that is not upstream's envelope is a ValueError."""
    try:
        body = json.loads(content)
    except ValueError as error:
        raise ValueError(f"not JSON ({status_code}): {content[:300]!r}") from error
    if not isinstance(body, dict) or body.get("status") not in ("success", "error"):
        raise ValueError(f"no Prometheus envelope ({status_code}): {content[:300]!r}")
    answer = Answer(status_code, warnings=tuple(body.get("warnings", ())), infos=tuple(body.get("infos", ())))
    if body["status"] == "error":
        return replace(answer, error_type=body["errorType"], error=body["error"])
    data = body["data"]
    rows, text = read_result(data["resultType"], data["result"])
    return replace(answer, result_type=data["resultType"], rows=rows, text=text)


def read_result(kind: str, result: Any) -> tuple[tuple[Row, ...], str]:
    """Return the rows of ``data.result``, and the text of a string result."""
    match kind:
        case "string":
            return (Row((), ((_milliseconds(result[0]), 0.0),)),), result[1]
        case "scalar":
            return (Row((), (_sample(result),)),), ""
        case "vector":
            return tuple(_instant_row(item) for item in result), ""
        case "matrix":
            return tuple(_range_row(item) for item in result), ""
        case _:
            raise ValueError(f"unknown resultType {kind!r}")


def _instant_row(item: dict[str, Any]) -> Row:
    if ("value" in item) == ("histogram" in item):
        raise ValueError(f"neither or both of value and histogram: {sorted(item)}")
    if "histogram" in item:
        return Row(_labels(item["metric"]), (), (_histogram_sample(item["histogram"]),))
    return Row(_labels(item["metric"]), (_sample(item["value"]),))


def _range_row(item: dict[str, Any]) -> Row:
    histograms = tuple(map(_histogram_sample, item.get("histograms", ())))
    return Row(_labels(item["metric"]), tuple(map(_sample, item.get("values", ()))), histograms)


def _labels(metric: dict[str, str]) -> LabelSet:
    return tuple(sorted(metric.items()))


def _sample(pair: list[Any]) -> Sample:
    if not isinstance(pair[1], str):
        raise TypeError(f"a sample value must be a string, not {pair[1]!r}")
    return _milliseconds(pair[0]), float(pair[1])


def _histogram_sample(pair: list[Any]) -> HistogramSample:
    shown = pair[1]
    buckets = tuple(
        (rule, float(low), float(high), float(count)) for rule, low, high, count in shown.get("buckets") or ()
    )
    return _milliseconds(pair[0]), ShownHistogram(float(shown["count"]), float(shown["sum"]), buckets)


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)
