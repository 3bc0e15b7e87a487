"""What generated expressions speak of: the metrics of the data set with their labels, values, functions, operators."""

from __future__ import annotations

from typing import Final

from tests.real.dataset import FIVE_CLUSTERS

GAUGES: Final = {
    "queue_depth": ("queue",),
    "load_average": ("instance",),
    "temperature_celsius": ("room", "sensor"),
    "container_memory_bytes": ("namespace", "pod", "container"),
    "up": ("job", "instance"),
    "flaky_gauge": ("kind",),
    "stale_gauge": ("kind",),
    "late_gauge": ("job",),
    "lonely_gauge": ("job",),
    "edge_gauge": ("job", "instance"),
    "seoul_only_gauge": ("shard",),
    "cluster_size": (),
    "kube_pod_info": ("namespace", "pod", "node"),
    "mixed_series": ("kind",),
    "extremes": ("kind",),
}
INEXACT: Final = frozenset({"load_average", "extremes", "mixed_series"})
"""Gauges whose sums round, so that the last digit depends on the order of addition."""
COUNTERS: Final = {
    "http_requests_total": ("job", "instance", "code", "method", "path"),
    "node_cpu_seconds_total": ("instance", "cpu", "mode"),
    "not_in_paris_total": ("topic",),
    "job_runs_total": ("job",),
    "deploys_total": ("job", "pod"),
    "late_total": ("job",),
    "sparse_total": ("job",),
    "edge_requests_total": ("job", "instance", "code"),
    "http_request_duration_seconds_bucket": ("job", "instance", "le"),
}
HISTOGRAMS: Final = {
    "request_latency_seconds": ("job", "instance"),
    "payload_megabytes": ("job", "instance"),
    "pool_balance": ("pool",),
    "odd_histogram": ("kind",),
    "seoul_only_histogram": ("job",),
    "mixed_group": ("kind",),
    "mixed_by_cluster": ("kind",),
}
NO_COUNTERS: Final = frozenset({"pool_balance", "mixed_group", "mixed_by_cluster"})
"""Histograms whose rate means nothing: below ``histogram_avg`` and its like Prometheus looks at their count and sum
only, and then finds other counter resets than it finds in the buckets."""
PARTITION: Final = ("cluster", "region", "provider")
VALUES: Final = {
    "cluster": tuple(cluster.name for cluster in FIVE_CLUSTERS),
    "region": ("ap-northeast-1", "ap-northeast-2", "sa-west"),
    "provider": ("eks", "byok"),
    "queue": ("mail", "invoice"),
    "instance": ("a:8080", "node-0"),
    "room": ("lab", "roof"),
    "job": ("shop", "cart"),
    "code": ("200", "500"),
    "mode": ("idle", "user"),
    "kind": ("histogram", "comes back"),
    "namespace": ("default", "team-tokyo"),
}
MERGEABLE: Final = ("sum", "sum", "sum", "count", "min", "max", "avg", "avg", "group")
DEVIATIONS: Final = ("stddev", "stdvar")
COUNTER_RANGES: Final = ("rate", "rate", "increase", "irate", "resets", "changes", "last_over_time")
SMOOTH_RANGES: Final = ("avg_over_time", "min_over_time", "max_over_time", "sum_over_time", "count_over_time")
"""Functions of a range that no last digit of their argument can throw off."""
GAUGE_RANGES: Final = (
    *SMOOTH_RANGES,
    *("last_over_time", "first_over_time", "delta", "idelta", "changes", "deriv", "stddev_over_time"),
    *("present_over_time", "mad_over_time", "ts_of_max_over_time", "ts_of_last_over_time"),
)
SMOOTH_MATH: Final = ("abs", "-", "atan")
STEPPED_MATH: Final = ("ceil", "floor", "sgn", "round", "timestamp", "hour", "minute")
"""Functions that jump: applied to exact values only."""
HISTOGRAM_READERS: Final = (
    "histogram_count(#)",
    "histogram_sum(#)",
    "histogram_avg(#)",
    "histogram_quantile(0.9, #)",
    "histogram_fraction(0.1, 2, #)",
    "histogram_stddev(#)",
)
ARITHMETIC: Final = ("+", "-", "*", "/", "%", "^")
SMOOTH_ARITHMETIC: Final = ("*", "/")
COMPARISONS: Final = (">", "<", ">=", "<=", "==", "!=")
APART: Final = "1.00037"
"""Factor that keeps two compared vectors from being nearly equal, where the last digit of a sum would decide."""
