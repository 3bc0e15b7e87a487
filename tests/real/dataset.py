"""The generated metrics that every differential test asks about: the same on every machine, in every run.

Two hours at 15 s, from ``START_S`` to ``END_S``, over the border between two TSDB blocks. Three clusters hold what
federation trips over: identical label sets in several clusters, series and whole metrics that only some clusters
have, counters that reset, gauges that are negative, NaN or infinite, holes longer and shorter than the lookback,
series that begin late or end early, label values with every character that somebody forgets to escape.

A cluster's own servers hold the series without ``cluster`` and extra labels, as real clusters do. The union holds all
of them with those labels: it is what one Prometheus of the whole fleet would hold, and so the oracle.

Values are drawn so that exact comparison is fair: most gauges are multiples of 1/8, whose sums are exact in any
order; ``load_average`` is not, and is there to see the last digit.

Limits: no stale markers and no native histograms, since ``promtool tsdb create-blocks-from openmetrics`` makes
neither; series that end are left to the lookback.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, TextIO

STEP_S: Final = 15
MIDDLE_S: Final = 1_750_003_200
"""2025-06-15T16:00:00Z, where one two-hour block ends and the next begins."""
START_S: Final = MIDDLE_S - 3_600
END_S: Final = MIDDLE_S + 3_600
SAMPLES: Final = (END_S - START_S) // STEP_S

Labels = Mapping[str, str]
Point = float | None
Values = list[Point]


@dataclass(frozen=True, slots=True)
class DataCluster:
    """A cluster of the data set: its name, and the constant labels it has beside ``cluster``."""

    name: str
    extra: Labels = field(default_factory=dict)

    @property
    def constants(self) -> dict[str, str]:
        """Every label the gateway adds to this cluster's series."""
        return {"cluster": self.name, **self.extra}


CLUSTERS: Final = (
    DataCluster("seoul", {"region": "ap-northeast-2", "provider": "eks"}),
    DataCluster("tokyo", {"region": "ap-northeast-1"}),
    DataCluster("paris"),
)

KINDS: Final = {
    "http_requests_total": "counter",
    "http_request_duration_seconds": "histogram",
    "node_cpu_seconds_total": "counter",
    "temperature_celsius": "gauge",
    "queue_depth": "gauge",
    "load_average": "gauge",
    "container_memory_bytes": "gauge",
    "container_cpu_limit_cores": "gauge",
    "kube_pod_info": "gauge",
    "node_meta": "gauge",
    "up": "gauge",
    "build_info": "gauge",
    "target_info": "gauge",
    "seoul_only_gauge": "gauge",
    "not_in_paris_total": "counter",
    "flaky_gauge": "gauge",
    "job_runs_total": "counter",
    "odd_labels": "gauge",
    "extremes": "gauge",
    "cluster_size": "gauge",
}

ODD_VALUES: Final = (
    'quote " inside',
    "back\\slash",
    "line\nbreak",
    "comma, and = and } {",
    "ünïcödé 한국 😀",
    " leading and trailing ",
    ".*+?^$()[]|",
    "tab\tand 'single'",
)


@dataclass(frozen=True, slots=True)
class Series:
    """One series of one cluster: ``values[i]`` is the sample at ``START_S + i * STEP_S``, or ``None``."""

    metric: str
    labels: Labels
    values: Values


def series_of(cluster: DataCluster) -> list[Series]:
    """Return all series of a cluster, without its constant labels, in the order they are written."""
    return [
        Series(metric, labels, values)
        for make in _MAKERS
        for metric, labels, values in make(cluster, random.Random(f"{cluster.name}/{make.__name__}"))  # noqa: S311 - a data set, not a secret
    ]


def write_openmetrics(out: TextIO, clusters: tuple[DataCluster, ...], *, with_constants: bool) -> int:
    """Write the series of ``clusters`` as OpenMetrics text; return the number of samples.

    ``with_constants`` adds each cluster's constant labels, which makes the text of the union.
    """
    samples = 0
    by_family: dict[str, list[tuple[DataCluster, Series]]] = {name: [] for name in KINDS}
    for cluster in clusters:
        for series in series_of(cluster):
            by_family[_family(series.metric)].append((cluster, series))
    for family, members in by_family.items():
        if not members:
            continue
        out.write(f"# TYPE {family.removesuffix('_total')} {KINDS[family]}\n")
        for cluster, series in members:
            labels = {**series.labels, **(cluster.constants if with_constants else {})}
            name = series.metric + _label_text(labels)
            for index, value in enumerate(series.values):
                if value is not None:
                    out.write(f"{name} {_number(value)} {START_S + index * STEP_S}\n")
                    samples += 1
    out.write("# EOF\n")
    return samples


def metric_names() -> list[str]:
    """Return the names of all metrics, as ``label/__name__/values`` lists them."""
    return sorted({series.metric for cluster in CLUSTERS for series in series_of(cluster)})


def _family(metric: str) -> str:
    for suffix in ("_bucket", "_sum", "_count"):
        base = metric.removesuffix(suffix)
        if KINDS.get(base) == "histogram":
            return base
    return metric


def _label_text(labels: Labels) -> str:
    if not labels:
        return ""
    pairs = (f'{name}="{_escape(value)}"' for name, value in sorted(labels.items()))
    return "{" + ",".join(pairs) + "}"


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return repr(value)


Made = Iterator[tuple[str, Labels, Values]]


def _eighths(rng: random.Random, low: float, high: float) -> float:
    return round(rng.uniform(low, high) * 8) / 8


def _walk(rng: random.Random, low: float, high: float) -> Values:
    """Return a bounded random walk over multiples of 1/8."""
    value = _eighths(rng, low, high)
    values: Values = []
    for _ in range(SAMPLES):
        value = min(high, max(low, value + _eighths(rng, -(high - low) / 20, (high - low) / 20)))
        values.append(value)
    return values


def _count_up(rng: random.Random, per_step: float, *, resets: int = 0) -> Values:
    """Return a counter of whole numbers that falls back to nearly zero ``resets`` times."""
    reset_at = set(rng.sample(range(20, SAMPLES - 20), resets))
    total = float(rng.randrange(0, 1000))
    values: Values = []
    for index in range(SAMPLES):
        if index in reset_at:
            total = 0.0
        total += rng.randint(0, int(2 * per_step))
        values.append(total)
    return values


def _with_holes(values: Values, *holes: tuple[int, int]) -> Values:
    """Return ``values`` without the samples of each half-open range of indexes."""
    return [
        None if any(first <= index < last for first, last in holes) else value for index, value in enumerate(values)
    ]


def _requests(cluster: DataCluster, rng: random.Random) -> Made:
    jobs = {"seoul": ("shop", "cart"), "tokyo": ("shop",), "paris": ("shop", "billing")}[cluster.name]
    for job in jobs:
        for instance in ("a:8080", "b:8080"):
            for method, code, path in (
                ("GET", "200", "/"),
                ("GET", "200", "/items"),
                ("GET", "404", "/items"),
                ("POST", "201", "/orders"),
                ("POST", "500", "/orders"),
            ):
                labels = {"job": job, "instance": instance, "method": method, "code": code, "path": path}
                yield (
                    "http_requests_total",
                    labels,
                    _count_up(rng, 20 if code == "200" else 3, resets=rng.choice((0, 1, 2))),
                )


def _durations(cluster: DataCluster, rng: random.Random) -> Made:
    bounds = ("0.05", "0.1", "0.25", "0.5", "1.0", "2.5", "+Inf")
    for job in ("shop", "cart") if cluster.name == "seoul" else ("shop",):
        for instance in ("a:8080", "b:8080"):
            reset_at = rng.randrange(50, SAMPLES - 50)
            counts = [0] * len(bounds)
            total = 0.0
            buckets: list[Values] = [[] for _ in bounds]
            sums: Values = []
            for index in range(SAMPLES):
                if index == reset_at:
                    counts, total = [0] * len(bounds), 0.0
                for _ in range(rng.randrange(0, 12)):
                    seconds = rng.choice((0.03, 0.07, 0.2, 0.4, 0.9, 2.0, 7.0))
                    total += seconds
                    for bucket, bound in enumerate(bounds):
                        counts[bucket] += seconds <= float(bound)
                sums.append(total)
                for bucket, count in enumerate(counts):
                    buckets[bucket].append(float(count))
            labels = {"job": job, "instance": instance}
            for bound, values in zip(bounds, buckets, strict=True):
                yield "http_request_duration_seconds_bucket", {**labels, "le": bound}, values
            yield "http_request_duration_seconds_sum", labels, sums
            yield "http_request_duration_seconds_count", labels, list(buckets[-1])


def _nodes(cluster: DataCluster, rng: random.Random) -> Made:
    nodes = {"seoul": 3, "tokyo": 2, "paris": 1}[cluster.name]
    for node in range(nodes):
        name = f"node-{node}"
        for cpu in ("0", "1"):
            for mode in ("idle", "user", "system"):
                labels = {"instance": name, "cpu": cpu, "mode": mode}
                yield "node_cpu_seconds_total", labels, _count_up(rng, 12 if mode == "idle" else 4)
        yield "load_average", {"instance": name}, [rng.uniform(0, 4) for _ in range(SAMPLES)]
        meta = {"instance": name, "zone": "ab"[node % 2], "kernel": f"6.{node}.0-{cluster.name}"}
        yield "node_meta", meta, [1.0] * SAMPLES


def _pods(cluster: DataCluster, rng: random.Random) -> Made:
    for namespace in ("default", "kube-system", f"team-{cluster.name}"):
        for number in range(3):
            pod = {"namespace": namespace, "pod": f"{namespace}-{number}"}
            for container in ("app", "proxy"):
                labels = {**pod, "container": container}
                yield "container_memory_bytes", labels, [float(rng.randrange(1 << 20, 1 << 30)) for _ in range(SAMPLES)]
                if number:
                    yield "container_cpu_limit_cores", labels, [0.25 * (number + 1)] * SAMPLES
            if (namespace, number) != ("default", 2):
                node = f"node-{number % {'seoul': 3, 'tokyo': 2, 'paris': 1}[cluster.name]}"
                yield (
                    "kube_pod_info",
                    {**pod, "node": node, "uid": f"{cluster.name}-{namespace}-{number}"},
                    [1.0] * SAMPLES,
                )


def _gauges(cluster: DataCluster, rng: random.Random) -> Made:
    for room in ("lab", "hall", "roof"):
        values = _walk(rng, -20, 30)
        for index in rng.sample(range(SAMPLES), 12):
            values[index] = rng.choice((math.nan, math.inf, -math.inf))
        yield "temperature_celsius", {"room": room, "sensor": "s1"}, values
        yield "temperature_celsius", {"room": room, "sensor": "s2"}, _walk(rng, -20, 30)
    for queue in ("mail", "invoice", "thumbnail", "empty"):
        values = [0.0] * SAMPLES if queue == "empty" else [float(rng.randrange(0, 6)) for _ in range(SAMPLES)]
        yield "queue_depth", {"queue": queue}, values
    for job in ("shop", "cart", "node"):
        yield "up", {"job": job, "instance": "a:8080"}, [float(rng.random() > 0.1) for _ in range(SAMPLES)]
        yield "up", {"job": job, "instance": "b:8080"}, [1.0] * SAMPLES
    yield "cluster_size", {}, [{"seoul": 3.0, "tokyo": 2.0, "paris": 1.0}[cluster.name]] * SAMPLES


def _infos(cluster: DataCluster, _rng: random.Random) -> Made:
    version = {"seoul": "2.1.0", "tokyo": "2.1.0", "paris": "2.2.0-rc.1"}[cluster.name]
    yield "build_info", {"version": version, "job": "shop", "instance": "a:8080"}, [1.0] * SAMPLES
    yield "build_info", {"version": version, "job": "shop", "instance": "b:8080"}, [1.0] * SAMPLES
    for instance in ("a:8080", "b:8080"):
        labels = {"job": "shop", "instance": instance, "k8s_cluster_name": cluster.name, "service_version": version}
        yield "target_info", labels, [1.0] * SAMPLES


def _partial(cluster: DataCluster, rng: random.Random) -> Made:
    """Metrics that are not everywhere, and series that are not always."""
    if cluster.name == "seoul":
        for shard in ("0", "1", "2"):
            yield "seoul_only_gauge", {"shard": shard}, _walk(rng, 0, 100)
    if cluster.name != "paris":
        yield "not_in_paris_total", {"topic": "orders"}, _count_up(rng, 5, resets=1)
        yield "not_in_paris_total", {"topic": f"own-{cluster.name}"}, _count_up(rng, 5)
    long_hole = {"seoul": (100, 140), "tokyo": (200, 260), "paris": (90, 115)}[cluster.name]
    yield "flaky_gauge", {"kind": "long hole"}, _with_holes(_walk(rng, 0, 10), long_hole)
    yield "flaky_gauge", {"kind": "short holes"}, _with_holes(_walk(rng, 0, 10), (50, 58), (300, 306), (310, 311))
    yield "flaky_gauge", {"kind": "every fourth"}, [v if i % 4 == 0 else None for i, v in enumerate(_walk(rng, 0, 10))]
    begins, ends = {"seoul": (0, 200), "tokyo": (150, 320), "paris": (260, SAMPLES)}[cluster.name]
    runs = _count_up(rng, 2)
    yield "job_runs_total", {"job": "nightly"}, _with_holes(runs, (0, begins), (ends, SAMPLES))
    yield "job_runs_total", {"job": "always"}, _count_up(rng, 2)


def _oddities(cluster: DataCluster, _rng: random.Random) -> Made:
    kept = ODD_VALUES if cluster.name != "tokyo" else ODD_VALUES[:4]
    for number, text in enumerate(kept):
        yield "odd_labels", {"text": text, "number": str(number)}, [float(number)] * SAMPLES
    yield "extremes", {"kind": "huge"}, [1e308] * SAMPLES
    yield "extremes", {"kind": "tiny"}, [5e-324] * SAMPLES
    yield "extremes", {"kind": "nan"}, [math.nan] * SAMPLES
    yield "extremes", {"kind": "inf"}, [math.inf if cluster.name == "seoul" else -math.inf] * SAMPLES
    yield "extremes", {"kind": "negative zero"}, [-0.0] * SAMPLES


_MAKERS: Final[tuple[Callable[[DataCluster, random.Random], Made], ...]] = (
    _requests,
    _durations,
    _nodes,
    _pods,
    _gauges,
    _infos,
    _partial,
    _oddities,
)
