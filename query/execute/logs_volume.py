"""How much was logged by which streams (``/index/volume``), over clusters.

Loki groups volumes by the labels asked for, or else by those the selector names. A constant the backend does not show
can be neither; what is left may then be too coarse or nothing at all, so the finest grouping that is needed is asked
for and added up here, which is exact because volumes are sums. The largest come first, and the limit counts after the
union: each cluster is asked for as many as Loki gives.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from query.backends.base import BackendError, Failure, Request
from query.backends.outcome import Answered
from query.logql.plan.context import hidden_constants
from query.logql.syntax import parse_selector, print_selector
from query.model.clusters import Cluster
from query.model.errors import UnsupportedError
from query.model.labels import Labels, keep, with_constants
from query.syntax.limits import Limits
from query.wire.loki import read_series
from query.wire.prometheus import SeriesBody

MOST: Final = 1000
"""Loki's own bound on the number of volumes it gives (``volume_max_series``)."""

_sample: Final = msgspec.json.Decoder(tuple[float, str])
_samples: Final = msgspec.json.Decoder(list[tuple[float, str]])


@dataclass(frozen=True, slots=True)
class VolumeQuery:
    """Parameters of ``/index/volume`` and ``/index/volume_range``; ``params`` are passed on as they are."""

    text: str
    params: tuple[tuple[str, str], ...]
    is_range: bool
    limit: int = 100
    target_labels: tuple[str, ...] = ()
    aggregate_by_labels: bool = False


class VolumePlan:
    """What each cluster is asked for one ``VolumeQuery``, and how the answers are added up."""

    def __init__(self, query: VolumeQuery, limits: Limits) -> None:
        self._query = query
        self._matchers = parse_selector(query.text, limits)
        self._names = query.target_labels or tuple(dict.fromkeys(matcher.name for matcher in self._matchers))

    def request(self, cluster: Cluster) -> Request | None:
        """Return what a cluster is asked; None if no stream of it can match."""
        if not cluster.admits(self._matchers):
            return None
        hidden = hidden_constants(cluster)
        kept = tuple(matcher for matcher in self._matchers if matcher.name not in hidden)
        targets = tuple(name for name in self._query.target_labels if name not in hidden)
        params = [("query", print_selector(kept)), ("limit", str(MOST)), *self._query.params]
        if self._query.aggregate_by_labels:
            if hidden and (not self._query.target_labels or len(targets) < len(self._query.target_labels)):
                raise UnsupportedError(
                    "aggregateBy=labels",
                    f"cluster {cluster.name!r} does not show {', '.join(sorted(hidden))}, whose volume it can't tell",
                    remedy="aggregate by series, or name labels that every backend shows",
                )
            params.append(("aggregateBy", "labels"))
        if targets:
            params.append(("targetLabels", ",".join(targets)))
        return Request(f"/loki/api/v1/index/volume{'_range' if self._query.is_range else ''}", params=tuple(params))

    def read(self, answer: Answered) -> list[SeriesBody]:
        """Return the volumes of one answer; ``BackendError`` if it reaches Loki's bound and may lack some."""
        series = read_series(answer)[1]
        if len(series) >= MOST:
            raise BackendError(
                Failure.TOO_LARGE, f"it has {MOST} volumes or more, as many as Loki gives; use a narrower selector"
            )
        return series

    def unite(self, parts: Sequence[tuple[Cluster, list[SeriesBody]]]) -> dict[str, Any]:
        """Return ``data`` of the answer."""
        sums: dict[Labels, dict[float, int]] = {}
        for cluster, listed in parts:
            for body in listed:
                samples = sums.setdefault(self._labels(body, cluster), {})
                for stamp, value in _values(body):
                    samples[stamp] = samples.get(stamp, 0) + value
        ranked = sorted(sums.items(), key=lambda item: (-next(iter(item[1].values()), 0), item[0]))
        is_matrix = self._query.is_range
        result = [_element(labels, samples, is_matrix=is_matrix) for labels, samples in ranked[: self._query.limit]]
        return {"resultType": "matrix" if is_matrix else "vector", "result": result}

    def _labels(self, body: SeriesBody, cluster: Cluster) -> Labels:
        if self._query.aggregate_by_labels:
            return tuple(sorted(body.metric.items()))
        labels = with_constants(tuple(body.metric.items()), hidden_constants(cluster))
        return keep(labels, self._names) if self._names else labels


def _values(body: SeriesBody) -> list[tuple[float, int]]:
    try:
        if not isinstance(body.values, msgspec.UnsetType):
            return [(stamp, int(float(value))) for stamp, value in _samples.decode(body.values)]
        if not isinstance(body.value, msgspec.UnsetType):
            stamp, value = _sample.decode(body.value)
            return [(stamp, int(float(value)))]
    except (msgspec.MsgspecError, ValueError) as error:
        raise BackendError(Failure.NOT_UNDERSTOOD, f"volumes do not decode: {error}") from error
    return []


def _element(labels: Labels, samples: dict[float, int], *, is_matrix: bool) -> dict[str, Any]:
    points = [(int(stamp) if stamp.is_integer() else stamp, str(value)) for stamp, value in sorted(samples.items())]
    if is_matrix:
        return {"metric": dict(labels), "values": points}
    return {"metric": dict(labels), "value": points[-1] if points else (0, "0")}
