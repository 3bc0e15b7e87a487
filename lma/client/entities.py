"""Typed entities of the metadata routes (rules, alerts, targets, metadata) and of the control plane (clusters)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lma.client.samples import Labels, Result


@dataclass(frozen=True, slots=True)
class Alert:
    """An active alert; ``value`` is the expression's value as the server wrote it."""

    labels: Labels
    annotations: Labels = field(default_factory=dict)
    state: str = ""
    active_at: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """A recording or alerting rule (``kind`` is ``recording`` or ``alerting``)."""

    kind: str
    name: str
    query: str
    health: str = "unknown"
    last_error: str = ""
    labels: Labels = field(default_factory=dict)
    annotations: Labels = field(default_factory=dict)
    state: str = ""
    duration_s: float = 0.0
    evaluation_time_s: float = 0.0
    last_evaluation: str = ""
    alerts: tuple[Alert, ...] = ()


@dataclass(frozen=True, slots=True)
class RuleGroup:
    """A group of rules, evaluated together every ``interval_s``."""

    name: str
    file: str
    interval_s: float
    rules: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True)
class Target:
    """A scrape target that is being scraped."""

    labels: Labels
    discovered_labels: Labels = field(default_factory=dict)
    scrape_pool: str = ""
    scrape_url: str = ""
    health: str = "unknown"
    last_error: str = ""
    last_scrape: str = ""
    last_scrape_duration_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Targets(Result):
    """Targets that are scraped, and the discovered labels of those dropped by relabelling."""

    active: tuple[Target, ...] = ()
    dropped: tuple[Labels, ...] = ()


@dataclass(frozen=True, slots=True)
class MetricMetadata:
    """What an exporter says about one of its metrics; several may say different things."""

    kind: str
    help: str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Metadata(Result):
    """Metadata by metric name."""

    metrics: Mapping[str, tuple[MetricMetadata, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where a cluster's data is; what is ``None`` the cluster does not offer.

    ``metrics_replicas`` are the Prometheus servers behind ``metrics_url``; ``logs_tenant`` goes to Loki as
    ``X-Scope-OrgID``.
    """

    metrics_url: str | None = None
    metrics_replicas: tuple[str, ...] = ()
    logs_url: str | None = None
    logs_tenant: str | None = None
    alerts_url: str | None = None

    def as_body(self) -> dict[str, Any]:
        """Return the shape the control plane takes; what is not set is left out."""
        body: dict[str, Any] = {}
        if self.metrics_url is not None:
            body["metrics"] = {"url": self.metrics_url}
            if self.metrics_replicas:
                body["metrics"]["replicas"] = list(self.metrics_replicas)
        if self.logs_url is not None:
            body["logs"] = {"url": self.logs_url}
            if self.logs_tenant is not None:
                body["logs"]["tenant"] = self.logs_tenant
        if self.alerts_url is not None:
            body["alerts"] = {"url": self.alerts_url}
        return body


@dataclass(frozen=True, slots=True)
class Condition:
    """One observed property of a cluster; ``status`` is ``True``, ``False`` or ``Unknown``, as Kubernetes has it."""

    kind: str
    status: str
    reason: str = ""
    message: str = ""
    since: str = ""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A registered cluster.

    ``warnings`` is what a person should look at now. ``outcome`` is what the request did (``created``, ``changed``,
    ``unchanged``; empty where it only read). ``details`` is the whole answer, for what has no field here yet.
    """

    name: str
    id: str = ""
    labels: Labels = field(default_factory=dict)
    endpoints: Endpoints = field(default_factory=Endpoints)
    conditions: tuple[Condition, ...] = ()
    warnings: tuple[str, ...] = ()
    created_at: str = ""
    updated_at: str = ""
    outcome: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ClusterEvent:
    """One entry of a cluster's timeline; ``status`` is ``ok``, ``warning`` or ``error``."""

    id: int
    at: str
    status: str
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """What happened to a cluster, the oldest first.

    ``phase`` is ``registering``, ``ready`` or ``failed``; ``selector`` the matcher that selects its data.
    """

    phase: str
    selector: str
    events: tuple[ClusterEvent, ...]


@dataclass(frozen=True, slots=True)
class Credential:
    """An entry of the ledger of credentials: what is kept for which cluster and whom it stands for; never the secret.

    ``purpose`` is ``offered`` or ``standing``; ``key_id`` names the key it is sealed with.
    """

    cluster: str
    purpose: str
    form: str
    subject: str
    key_id: str = ""
    created_at: str = ""
    last_used_at: str | None = None
    expires_at: str | None = None


@dataclass(frozen=True, slots=True)
class PreflightCheck:
    """What one check of a preflight says; ``outcome`` is ``pass``, ``warn`` or ``fail``."""

    name: str
    outcome: str
    message: str
    remedy: str = ""
