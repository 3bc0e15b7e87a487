"""The series of the data set that hold native histograms: every kind that upstream knows, and what mixes badly."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from tests.real.dataset import SAMPLES, DataCluster, Made, Mark, NativeHistogram, Series, Values

SECONDS: Final = (0.011, 0.03, 0.07, 0.2, 0.4, 0.9, 2.0, 7.0, 31.0)


def _index(value: float, schema: int) -> int:
    """Return the bucket of an exponential schema that holds a positive value."""
    return math.ceil(math.log2(value) * math.ldexp(1, schema))


class _Collected:
    """What a process observed since it started."""

    def __init__(self, schema: int = 0, zero_threshold: float = 0.0, bounds: tuple[float, ...] = ()) -> None:
        self.schema, self.zero_threshold, self.bounds = schema, zero_threshold, bounds
        self.restart()

    def restart(self) -> None:
        self._positive: dict[int, float] = {}
        self._negative: dict[int, float] = {}
        self._zero = self._sum = 0.0

    def observe(self, value: float) -> None:
        self._sum += value
        if self.bounds:
            index = sum(value > bound for bound in self.bounds)
            self._positive[index] = self._positive.get(index, 0.0) + 1
        elif abs(value) <= self.zero_threshold or value == 0:
            self._zero += 1
        else:
            side, index = (self._positive if value > 0 else self._negative), _index(abs(value), self.schema)
            side[index] = side.get(index, 0.0) + 1

    def shown(self, *, is_gauge: bool = False) -> NativeHistogram:
        return NativeHistogram(
            schema=self.schema,
            zero_threshold=self.zero_threshold,
            zero_count=self._zero,
            positive=dict(sorted(self._positive.items())),
            negative=dict(sorted(self._negative.items())),
            sum=self._sum,
            custom_bounds=self.bounds,
            is_gauge=is_gauge,
        )


def _counted(rng: random.Random, collected: _Collected, choices: Sequence[float], *, resets: int = 0) -> Values:
    """Return a growing histogram that starts again ``resets`` times."""
    reset_at = set(rng.sample(range(30, SAMPLES - 30), resets))
    values: Values = []
    for index in range(SAMPLES):
        if index in reset_at:
            collected.restart()
        for _ in range(rng.randrange(0, 6)):
            collected.observe(rng.choice(choices))
        values.append(collected.shown())
    return values


def _latencies(cluster: DataCluster, rng: random.Random) -> Made:
    """Counter histograms whose resolution differs between instances and clusters, and changes in one series."""
    shift = {"seoul": 0, "tokyo": 1}.get(cluster.name, -1)
    for job, instance, schema, threshold in (
        ("shop", "a:8080", 2 + shift, 0.001),
        ("shop", "b:8080", 1, 0.001),
        ("cart", "a:8080", 3, 0.05 if shift else 0.0),
    ):
        labels = {"job": job, "instance": instance}
        collected = _Collected(schema, threshold)
        yield Series("request_latency_seconds", labels, _counted(rng, collected, (0.0, *SECONDS), resets=2))
    fine = _counted(rng, _Collected(4), SECONDS)
    coarse = _counted(rng, _Collected(1), SECONDS)
    changed = [*fine[: SAMPLES // 2], *coarse[SAMPLES // 2 :]]
    yield Series("request_latency_seconds", {"job": "resized", "instance": "a:8080"}, changed)


def _sizes(cluster: DataCluster, rng: random.Random) -> Made:
    """Custom buckets: the same bounds everywhere but for one job, where clusters differ."""
    common = (0.1, 0.5, 1.0, 5.0)
    own = common if cluster.name == "seoul" else (0.1, 1.0, 10.0)
    for job, instance, bounds in (("shop", "a:8080", common), ("shop", "b:8080", common), ("cart", "a:8080", own)):
        values = _counted(rng, _Collected(-53, bounds=bounds), SECONDS, resets=1)
        yield Series("payload_megabytes", {"job": job, "instance": instance}, values)


def _pools(_cluster: DataCluster, rng: random.Random) -> Made:
    """Gauge histograms with both signs, whole and fractional counts."""
    for pool in ("small", "large"):
        values: Values = []
        for _ in range(SAMPLES):
            collected = _Collected(1, 0.01)
            for _ in range(rng.randrange(0, 8)):
                collected.observe(rng.choice((-4.0, -0.5, 0.0, 0.25, 3.0, 12.0)))
            shown = collected.shown(is_gauge=True)
            if pool == "large":
                shown = replace(shown, positive={index: count / 4 for index, count in shown.positive.items()})
            values.append(shown)
        yield Series("pool_balance", {"pool": pool}, values)


def _mixtures(cluster: DataCluster, rng: random.Random) -> Made:
    """Floats beside histograms: in one group, in one series, in some clusters only; ends, holes, oddities."""
    histograms = _counted(rng, _Collected(1), SECONDS)
    numbers: Values = [float(rng.randrange(0, 100)) for _ in range(SAMPLES)]
    yield Series("mixed_group", {"kind": "float"}, numbers)
    yield Series("mixed_group", {"kind": "histogram"}, histograms)
    half = SAMPLES // 2
    order = (numbers, histograms) if cluster.name == "seoul" else (histograms, numbers)
    yield Series("mixed_series", {"kind": "changes"}, [*order[0][:half], *order[1][half:]])
    yield Series("mixed_series", {"kind": "alternates"}, [(numbers, histograms)[i // 4 % 2][i] for i in range(SAMPLES)])
    elsewhere = histograms if cluster.name == "paris" else numbers
    yield Series("mixed_by_cluster", {"kind": "one"}, elsewhere)
    ends: Values = [Mark.STALE if i == 200 else None if 200 < i < 260 else h for i, h in enumerate(histograms)]
    yield Series("odd_histogram", {"kind": "stale"}, ends)
    yield Series("odd_histogram", {"kind": "holes"}, [h if i % 9 else None for i, h in enumerate(histograms)])
    yield Series("odd_histogram", {"kind": "empty"}, [NativeHistogram(schema=1)] * SAMPLES)
    infinite = [replace(h, sum=math.inf) if isinstance(h, NativeHistogram) else h for h in histograms]
    yield Series("odd_histogram", {"kind": "infinite sum"}, infinite)
    if cluster.name == "seoul":
        yield Series("seoul_only_histogram", {"job": "shop"}, _counted(rng, _Collected(0), SECONDS, resets=1))


HISTOGRAM_MAKERS: Final[tuple[Callable[[DataCluster, random.Random], Made], ...]] = (
    _latencies,
    _sizes,
    _pools,
    _mixtures,
)
