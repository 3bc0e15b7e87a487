"""The three clusters of the demo: alike enough to be asked one question, different enough for it to matter.

They differ in size, traffic, errors, log format, in which series exist at all (only Oregon takes
payments, only Seoul has promotions), and in whether their Loki knows the cluster's name: one ships a
``cluster`` stream label, two don't.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lma.demo.workload.journal import LogFormat


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What one cluster looks like; rates are requests a second over all instances."""

    name: str
    labels: Mapping[str, str]
    shop_instances: int
    shop_version: str
    requests_per_s: float
    error_ratio: float
    latency_ms: float
    log_format: LogFormat = LogFormat.LOGFMT
    logs_carry_cluster: bool = False
    promotions: int = 0
    payments_per_s: float = 0.0


SHAPES: tuple[Shape, ...] = (
    Shape(
        name="seoul",
        labels={"region": "ap-northeast-2", "provider": "eks"},
        shop_instances=3,
        shop_version="2.4.1",
        requests_per_s=12.0,
        error_ratio=0.01,
        latency_ms=12.0,
        promotions=2,
    ),
    Shape(
        name="frankfurt",
        labels={"region": "eu-central-1", "provider": "eks"},
        shop_instances=2,
        shop_version="2.4.0",
        requests_per_s=7.0,
        error_ratio=0.15,
        latency_ms=25.0,
        logs_carry_cluster=True,
    ),
    Shape(
        name="oregon",
        labels={"region": "us-west-2", "provider": "on-premises"},
        shop_instances=1,
        shop_version="2.3.7",
        requests_per_s=4.0,
        error_ratio=0.03,
        latency_ms=40.0,
        log_format=LogFormat.JSON,
        payments_per_s=2.0,
    ),
)

RULE_GROUPS: tuple[Mapping[str, Any], ...] = (
    {
        "name": "shop",
        "rules": [
            {
                "record": "job:http_requests:rate1m",
                "expr": "sum by (job) (rate(http_requests_total[1m]))",
            },
            {
                "record": "job:http_request_errors:ratio_rate1m",
                "expr": 'sum by (job) (rate(http_requests_total{code=~"5.."}[1m]))'
                " / sum by (job) (rate(http_requests_total[1m]))",
            },
            {
                "alert": "ShopErrorRatioHigh",
                "expr": "job:http_request_errors:ratio_rate1m > 0.05",
                "for": "10s",
                "labels": {"severity": "warning"},
                "annotations": {"summary": "{{ $value | humanizePercentage }} of {{ $labels.job }} requests fail"},
            },
            {
                "alert": "InstanceDown",
                "expr": "up == 0",
                "for": "10s",
                "labels": {"severity": "critical"},
                "annotations": {"summary": "{{ $labels.instance }} of {{ $labels.job }} can't be scraped"},
            },
        ],
    },
    {
        "name": "meta",
        "rules": [
            {
                "alert": "Watchdog",
                "expr": "vector(1)",
                "labels": {"severity": "none"},
                "annotations": {"summary": "always firing: it shows that alerts arrive"},
            },
        ],
    },
)
