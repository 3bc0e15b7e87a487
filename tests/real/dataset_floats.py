"""The series of the data set that hold numbers: one maker a theme, each drawing from its own random numbers."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Final

from tests.real.dataset import SAMPLES, DataCluster, Made, Mark, Series, Values

NODES: Final = {"seoul": 3, "tokyo": 2, "paris": 1, "osaka": 2, "lima": 1}

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
    jobs = {"seoul": ("shop", "cart"), "paris": ("shop", "billing")}.get(cluster.name, ("shop",))
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
                yield Series(
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
                yield Series("http_request_duration_seconds_bucket", {**labels, "le": bound}, values)
            yield Series("http_request_duration_seconds_sum", labels, sums)
            yield Series("http_request_duration_seconds_count", labels, list(buckets[-1]))


def _nodes(cluster: DataCluster, rng: random.Random) -> Made:
    nodes = NODES[cluster.name]
    for node in range(nodes):
        name = f"node-{node}"
        for cpu in ("0", "1"):
            for mode in ("idle", "user", "system"):
                labels = {"instance": name, "cpu": cpu, "mode": mode}
                yield Series("node_cpu_seconds_total", labels, _count_up(rng, 12 if mode == "idle" else 4))
        yield Series("load_average", {"instance": name}, [rng.uniform(0, 4) for _ in range(SAMPLES)])
        meta = {"instance": name, "zone": "ab"[node % 2], "kernel": f"6.{node}.0-{cluster.name}"}
        yield Series("node_meta", meta, [1.0] * SAMPLES)


def _pods(cluster: DataCluster, rng: random.Random) -> Made:
    for namespace in ("default", "kube-system", f"team-{cluster.name}"):
        for number in range(3):
            pod = {"namespace": namespace, "pod": f"{namespace}-{number}"}
            for container in ("app", "proxy"):
                labels = {**pod, "container": container}
                yield Series(
                    "container_memory_bytes", labels, [float(rng.randrange(1 << 20, 1 << 30)) for _ in range(SAMPLES)]
                )
                if number:
                    yield Series("container_cpu_limit_cores", labels, [0.25 * (number + 1)] * SAMPLES)
            if (namespace, number) != ("default", 2):
                node = f"node-{number % NODES[cluster.name]}"
                yield Series(
                    "kube_pod_info",
                    {**pod, "node": node, "uid": f"{cluster.name}-{namespace}-{number}"},
                    [1.0] * SAMPLES,
                )


def _gauges(cluster: DataCluster, rng: random.Random) -> Made:
    for room in ("lab", "hall", "roof"):
        values = _walk(rng, -20, 30)
        for index in rng.sample(range(SAMPLES), 12):
            values[index] = rng.choice((math.nan, math.inf, -math.inf))
        yield Series("temperature_celsius", {"room": room, "sensor": "s1"}, values)
        yield Series("temperature_celsius", {"room": room, "sensor": "s2"}, _walk(rng, -20, 30))
    for queue in ("mail", "invoice", "thumbnail", "empty"):
        values = [0.0] * SAMPLES if queue == "empty" else [float(rng.randrange(0, 6)) for _ in range(SAMPLES)]
        yield Series("queue_depth", {"queue": queue}, values)
    for job in ("shop", "cart", "node"):
        yield Series("up", {"job": job, "instance": "a:8080"}, [float(rng.random() > 0.1) for _ in range(SAMPLES)])
        yield Series("up", {"job": job, "instance": "b:8080"}, [1.0] * SAMPLES)
    yield Series("cluster_size", {}, [float(NODES[cluster.name])] * SAMPLES)


def _infos(cluster: DataCluster, _rng: random.Random) -> Made:
    version = "2.2.0-rc.1" if cluster.name in {"paris", "lima"} else "2.1.0"
    yield Series("build_info", {"version": version, "job": "shop", "instance": "a:8080"}, [1.0] * SAMPLES)
    yield Series("build_info", {"version": version, "job": "shop", "instance": "b:8080"}, [1.0] * SAMPLES)
    for instance in ("a:8080", "b:8080"):
        labels = {"job": "shop", "instance": instance, "k8s_cluster_name": cluster.name, "service_version": version}
        yield Series("target_info", labels, [1.0] * SAMPLES)


def _partial(cluster: DataCluster, rng: random.Random) -> Made:
    """Metrics that are not everywhere, and series that are not always."""
    if cluster.name == "seoul":
        for shard in ("0", "1", "2"):
            yield Series("seoul_only_gauge", {"shard": shard}, _walk(rng, 0, 100))
    if cluster.name != "paris":
        yield Series("not_in_paris_total", {"topic": "orders"}, _count_up(rng, 5, resets=1))
        yield Series("not_in_paris_total", {"topic": f"own-{cluster.name}"}, _count_up(rng, 5))
    long_hole = {"seoul": (100, 140), "tokyo": (200, 260)}.get(cluster.name, (90, 115))
    yield Series("flaky_gauge", {"kind": "long hole"}, _with_holes(_walk(rng, 0, 10), long_hole))
    yield Series(
        "flaky_gauge", {"kind": "short holes"}, _with_holes(_walk(rng, 0, 10), (50, 58), (300, 306), (310, 311))
    )
    yield Series(
        "flaky_gauge", {"kind": "every fourth"}, [v if i % 4 == 0 else None for i, v in enumerate(_walk(rng, 0, 10))]
    )
    begins, ends = {"seoul": (0, 200), "tokyo": (150, 320)}.get(cluster.name, (260, SAMPLES))
    runs = _count_up(rng, 2)
    yield Series("job_runs_total", {"job": "nightly"}, _with_holes(runs, (0, begins), (ends, SAMPLES)))
    yield Series("job_runs_total", {"job": "always"}, _count_up(rng, 2))


def _oddities(cluster: DataCluster, _rng: random.Random) -> Made:
    kept = ODD_VALUES if cluster.name != "tokyo" else ODD_VALUES[:4]
    for number, text in enumerate(kept):
        yield Series("odd_labels", {"text": text, "number": str(number)}, [float(number)] * SAMPLES)
    yield Series("extremes", {"kind": "huge"}, [1e308] * SAMPLES)
    yield Series("extremes", {"kind": "tiny"}, [5e-324] * SAMPLES)
    yield Series("extremes", {"kind": "nan"}, [math.nan] * SAMPLES)
    yield Series("extremes", {"kind": "inf"}, [math.inf if cluster.name == "seoul" else -math.inf] * SAMPLES)
    yield Series("extremes", {"kind": "negative zero"}, [-0.0] * SAMPLES)


def _stale(cluster: DataCluster, rng: random.Random) -> Made:
    """Series whose end is marked, so that they vanish at once; some come back, some as another series."""
    gone = {"seoul": 120, "tokyo": 240, "paris": 300}.get(cluster.name, 180)
    values = _walk(rng, 0, 50)
    yield Series("stale_gauge", {"kind": "ends"}, _cut_off(values, gone, SAMPLES))
    yield Series("stale_gauge", {"kind": "comes back"}, _cut_off(_walk(rng, 0, 50), gone, gone + 33))
    yield Series("stale_gauge", {"kind": "flickers"}, [Mark.STALE if i % 7 == 3 else v for i, v in enumerate(values)])
    runs = _count_up(rng, 6, resets=2)
    yield Series("deploys_total", {"job": "shop", "pod": "first"}, _cut_off(runs, gone, SAMPLES))
    yield Series("deploys_total", {"job": "shop", "pod": "second"}, _with_holes(_count_up(rng, 6), (0, gone)))
    yield Series("deploys_total", {"job": "shop", "pod": "third"}, _cut_off(_count_up(rng, 6), gone, gone + 9))


def _off_the_grid(cluster: DataCluster, rng: random.Random) -> Made:
    """Samples that fall between the steps of every query, and sparse ones."""
    late_ms = 1_000 * len(cluster.name) + 337
    yield Series("late_total", {"job": "shop"}, _count_up(rng, 9, resets=1), late_ms)
    yield Series("late_gauge", {"job": "shop"}, _walk(rng, -5, 5), late_ms)
    sparse: Values = [v if i % 20 == 5 else None for i, v in enumerate(_count_up(rng, 3))]
    yield Series("sparse_total", {"job": "shop"}, sparse, late_ms)
    yield Series("lonely_gauge", {"job": "shop"}, [4.5 if i == SAMPLES // 2 else None for i in range(SAMPLES)])


def _edge(cluster: DataCluster, rng: random.Random) -> Made:
    """Instances that no other cluster has, with info metrics that change and go: what ``info()`` can join."""
    for number in range(2):
        labels = {"job": "edge", "instance": f"{cluster.name}-{number}:9100"}
        for code in ("200", "500"):
            yield Series("edge_requests_total", {**labels, "code": code}, _count_up(rng, 7, resets=number))
        yield Series("edge_gauge", labels, _walk(rng, 0, 9))
        change = 160 + 40 * number
        before, after = {**labels, "version": "1.0"}, {**labels, "version": "1.1", "canary": "yes"}
        yield Series("target_info", before, _cut_off([1.0] * SAMPLES, change, SAMPLES))
        yield Series("target_info", after, _with_holes([1.0] * SAMPLES, (0, change)))
        yield Series("edge_info", {**labels, "rack": f"r{number}"}, _with_holes([1.0] * SAMPLES, (200, 260)))


def _utf8(cluster: DataCluster, rng: random.Random) -> Made:
    """Names that need quotes."""
    for service in ("café", "plain"):
        labels = {"service.name": service, "k8s/zone": cluster.name[0]}
        yield Series("http.server.requests", labels, _count_up(rng, 8, resets=1))
    yield Series("온도", {"방": "거실"}, _walk(rng, 10, 30))


def _cut_off(values: Values, first: int, last: int) -> Values:
    """Return ``values`` with a stale marker at index ``first`` and nothing up to ``last``."""
    return [Mark.STALE if i == first else None if first < i < last else value for i, value in enumerate(values)]


FLOAT_MAKERS: Final[tuple[Callable[[DataCluster, random.Random], Made], ...]] = (
    _requests,
    _durations,
    _nodes,
    _pods,
    _gauges,
    _infos,
    _partial,
    _oddities,
    _stale,
    _off_the_grid,
    _edge,
    _utf8,
)
