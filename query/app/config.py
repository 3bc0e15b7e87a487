"""What the gateway is told: clusters, limits, where to listen.

The models are strict: an unknown key is an error, because a misspelt ``tenant`` that is silently ignored sends one
customer's queries to another's data. ``query.app.yaml_source`` turns their errors into ``file:line: cause; remedy``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from query.app.yaml_source import load_model
from query.backends.url import checked_url
from query.model.errors import ConfigError
from query.model.labels import LEGACY_LABEL_NAME

CLUSTER_NAME: Final = re.compile(r"[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,126}[A-Za-z0-9])?\Z")
LISTEN: Final = re.compile(r"(?P<host>\[[0-9a-fA-F:.]+\]|[^:\[\]]+):(?P<port>[0-9]{1,5})\Z")
MAX_PORT: Final = 65535


def _cluster_name(value: str) -> str:
    if not CLUSTER_NAME.match(value):
        raise ValueError(
            f"{value!r} is no cluster name: use 1 to 128 letters, digits, '-', '_' and '.', "
            "beginning and ending with a letter or digit"
        )
    return value


def _label_name(value: str) -> str:
    if not LEGACY_LABEL_NAME.match(value) or value.startswith("__"):
        raise ValueError(
            f"{value!r} is no label name: use letters, digits and '_', not beginning with a digit or with '__'"
        )
    return value


def _label_value(value: str) -> str:
    if not value:
        raise ValueError("a label's value may not be empty: an empty label is an absent one")
    return value


def _listen(value: str) -> str:
    split_listen(value)
    return value


def split_listen(value: str) -> tuple[str, int]:
    """Return host and port of ``host:port`` or ``[v6]:port``; ``ValueError`` says what is wrong."""
    found = LISTEN.match(value)
    if found is None or int(found["port"]) > MAX_PORT:
        raise ValueError(f"{value!r} is no listen address: write host:port, for instance 127.0.0.1:9090")
    return found["host"].strip("[]"), int(found["port"])


Url = Annotated[str, AfterValidator(checked_url)]
LabelName = Annotated[str, AfterValidator(_label_name)]
LabelValue = Annotated[str, AfterValidator(_label_value)]
Listen = Annotated[str, AfterValidator(_listen)]


class Strict(BaseModel):
    """Base of all configuration: immutable, no unknown keys, no silent conversions."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


class MetricsEndpoint(Strict):
    """A Prometheus-compatible HTTP API: the complete view of a cluster, and the servers behind it."""

    url: Url
    replicas: tuple[Url, ...] = ()


class LogsEndpoint(Strict):
    """A Loki; ``tenant`` is sent as ``X-Scope-OrgID``."""

    url: Url
    tenant: Annotated[str, Field(min_length=1, max_length=150, pattern=r"^[a-zA-Z0-9!\-_.*'()]+$")] | None = None


class AlertsEndpoint(Strict):
    """An Alertmanager."""

    url: Url


class ClusterConfig(Strict):
    """One cluster and the URLs it answers at; one that is being registered may have none yet."""

    name: Annotated[str, AfterValidator(_cluster_name)]
    labels: dict[LabelName, LabelValue] = Field(default_factory=dict)
    metrics: MetricsEndpoint | None = None
    logs: LogsEndpoint | None = None
    alerts: AlertsEndpoint | None = None


class AnsweringCluster(ClusterConfig):
    """A cluster that somebody gives by its URLs: at least one."""

    @model_validator(mode="after")
    def _answers_something(self) -> Self:
        if self.metrics is None and self.logs is None and self.alerts is None:
            raise ValueError("a cluster needs at least one of metrics, logs and alerts")
        return self


class LimitsConfig(Strict):
    """Bounds on what one query may cost. Seconds and bytes; each error names the limit and its value."""

    query_timeout_s: Annotated[float, Field(gt=0, le=3600)] = 120.0
    cluster_timeout_s: Annotated[float, Field(gt=0, le=3600)] = 30.0
    connect_timeout_s: Annotated[float, Field(gt=0, le=60)] = 3.0
    concurrency_per_cluster: Annotated[int, Field(ge=1, le=1000)] = 20
    response_bytes: Annotated[int, Field(ge=1024)] = 256 << 20
    series_per_query: Annotated[int, Field(ge=1)] = 500_000
    samples_per_query: Annotated[int, Field(ge=1)] = 50_000_000
    bytes_per_query: Annotated[int, Field(ge=1024)] = 1 << 30
    memory_bytes: Annotated[int, Field(ge=1 << 20)] = 2 << 30
    query_bytes: Annotated[int, Field(ge=64, le=1 << 20)] = 128 << 10
    points_per_series: Annotated[int, Field(ge=1)] = 11_000
    subquery_points: Annotated[int, Field(ge=1)] = 1_000_000
    evaluation_cells: Annotated[int, Field(ge=1)] = 20_000_000
    log_lines: Annotated[int, Field(ge=1)] = 5_000
    sample_lines: Annotated[int, Field(ge=0)] = 200_000
    breaker_failures: Annotated[int, Field(ge=1)] = 5
    breaker_open_s: Annotated[float, Field(gt=0, le=600)] = 10.0


class FederationConfig(Strict):
    """What the gateway and the service that embeds it both need to know about federating."""

    partition_label: LabelName = "cluster"
    partial_response: bool = True
    pushdown: bool = True
    exactness: Literal["exact", "rounded", "approximate"] = "approximate"
    limits: LimitsConfig = Field(default_factory=LimitsConfig)


class GatewayConfig(FederationConfig):
    """The static file of ``lma gateway --config FILE``."""

    listen: Listen = "127.0.0.1:9090"
    clusters: tuple[AnsweringCluster, ...] = ()

    @model_validator(mode="after")
    def _clusters_are_disjoint(self) -> Self:
        check_disjoint(self.clusters, self.partition_label)
        return self


def check_disjoint(clusters: Iterable[ClusterConfig], partition_label: str) -> None:
    """Refuse what would count data twice or make a label ambiguous; ``ValueError`` names the clusters.

    Two clusters may share neither their name nor an endpoint: each series of the second would come a second time.
    """
    listed = list(clusters)
    for name, times in Counter(cluster.name for cluster in listed).items():
        if times > 1:
            raise ValueError(f"cluster {name!r} is given {times} times: each cluster needs a name of its own")
    owners: dict[tuple[str, str], str] = {}
    for cluster in listed:
        if partition_label in cluster.labels:
            raise ValueError(
                f"cluster {cluster.name!r}: the label {partition_label!r} is the partition label and always carries "
                "the cluster's name; remove it from labels"
            )
        for signal, url in endpoints(cluster):
            other = owners.setdefault((signal, url), cluster.name)
            if other != cluster.name:
                raise ValueError(
                    f"clusters {other!r} and {cluster.name!r} share the {signal} endpoint {url}: "
                    "its data would be counted twice; give each cluster its own"
                )


def endpoints(cluster: ClusterConfig) -> list[tuple[str, str]]:
    """Return (signal, identity) of what the cluster answers at; one Loki may serve several tenants."""
    found: list[tuple[str, str]] = []
    if cluster.metrics:
        found.append(("metrics", cluster.metrics.url))
        found.extend(("metrics", url) for url in cluster.metrics.replicas)
    if cluster.logs:
        tenant = f" (tenant {cluster.logs.tenant})" if cluster.logs.tenant else ""
        found.append(("logs", f"{cluster.logs.url}{tenant}"))
    return found


def load_config(path: Path) -> GatewayConfig:
    """Read and check a gateway file; ``ConfigError`` gives file, line, cause and remedy."""
    return load_model(path, GatewayConfig)


__all__ = [
    "AlertsEndpoint",
    "AnsweringCluster",
    "ClusterConfig",
    "ConfigError",
    "FederationConfig",
    "GatewayConfig",
    "LimitsConfig",
    "LogsEndpoint",
    "MetricsEndpoint",
    "check_disjoint",
    "endpoints",
    "load_config",
    "split_listen",
]
