"""The JSON of ``/v1``: what is taken and what is given, pinned by ``tests/service``.

Endpoints are the gateway's own models, so that a cluster given over HTTP and one given in a file obey the same rules.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from lma.registry.records import ClusterRecord, Condition
from query.app.config import AlertsEndpoint, AnsweringCluster, ClusterConfig, LogsEndpoint, MetricsEndpoint

MAX_URL_LENGTH: Final = 2048
MAX_REPLICAS: Final = 16
MAX_LABELS: Final = 32
MAX_LABEL_LENGTH: Final = 1024

_EXAMPLE: Final[dict[str, Any]] = {
    "name": "seoul",
    "labels": {"region": "ap-northeast-2", "provider": "eks"},
    "endpoints": {
        "metrics": {"url": "http://127.0.0.1:9101", "replicas": ["http://127.0.0.1:9201"]},
        "logs": {"url": "http://127.0.0.1:3101", "tenant": "acme"},
        "alerts": {"url": "http://127.0.0.1:9093"},
    },
}


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Endpoints(_Body):
    """Where a cluster answers; at least one of the three."""

    metrics: MetricsEndpoint | None = None
    logs: LogsEndpoint | None = None
    alerts: AlertsEndpoint | None = None

    @model_validator(mode="after")
    def _is_bounded(self) -> Self:
        replicas = self.metrics.replicas if self.metrics else ()
        if len(replicas) > MAX_REPLICAS:
            raise ValueError(f"a cluster may name at most {MAX_REPLICAS} replicas, not {len(replicas)}")
        given = [part.url for part in (self.metrics, self.logs, self.alerts) if part is not None]
        if any(len(url) > MAX_URL_LENGTH for url in (*given, *replicas)):
            raise ValueError(f"a URL may have at most {MAX_URL_LENGTH} characters")
        return self


class ClusterContent(_Body):
    """What a user says about a cluster."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    name: str
    labels: dict[str, str] = Field(default_factory=dict, description="Constant labels added to all of its data.")
    endpoints: Endpoints

    @model_validator(mode="after")
    def _labels_are_bounded(self) -> Self:
        if len(self.labels) > MAX_LABELS:
            raise ValueError(f"a cluster may have at most {MAX_LABELS} labels, not {len(self.labels)}")
        if any(len(text) > MAX_LABEL_LENGTH for pair in self.labels.items() for text in pair):
            raise ValueError(f"a label's name and value may have at most {MAX_LABEL_LENGTH} characters each")
        return self

    def to_config(self) -> ClusterConfig:
        """Return it as the gateway takes it; pydantic's ``ValidationError`` where a name or label is malformed."""
        given = AnsweringCluster(name=self.name, labels=dict(self.labels), **dict(self.endpoints))
        return ClusterConfig(**dict(given))


class ClusterPatch(_Body):
    """A JSON merge patch (RFC 7396): what is absent stays, what is null goes, lists are replaced."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"labels": {"region": "ap-northeast-1", "provider": None}, "endpoints": {"logs": None}}]
        }
    )

    name: str | None = Field(default=None, description="May be repeated, may not change.")
    labels: dict[str, str | None] | None = None
    endpoints: dict[str, Any] | None = None


class ConditionView(BaseModel):
    """One observed property of the cluster, as Kubernetes shows conditions."""

    type: Annotated[str, Field(examples=["MetricsReachable"])]
    status: Literal["True", "False", "Unknown"]
    reason: str
    message: str
    since: Annotated[datetime, Field(description="When the status last changed, UTC.")]


class ClusterView(BaseModel):
    """A registered cluster."""

    id: UUID
    name: str
    labels: dict[str, str]
    endpoints: Endpoints
    created_at: datetime
    updated_at: datetime
    conditions: list[ConditionView]
    warnings: list[str] = Field(description="What a person should look at now; empty when all is well.")
    kind: str = Field(description="How it is connected: `endpoints` (by URLs alone) or the name of a connector.")
    phase: Literal["registering", "ready", "failed"]
    uid: str | None = Field(description="UID of its namespace kube-system, by which a connected cluster is known.")
    connection: dict[str, Any] | None = Field(description="What may be shown of the way to it.")
    capabilities: dict[str, str] = Field(description="Facts found in the cluster.")


class ClusterResult(ClusterView):
    """A registered cluster, and what the request did to it."""

    result: Literal["created", "changed", "unchanged"]


class ClusterList(BaseModel):
    """One page of clusters, by name."""

    clusters: list[ClusterView]
    next_cursor: str | None = Field(description="Give it as `cursor` for the next page; null on the last.")


class ErrorDetail(BaseModel):
    """One finding about the request."""

    field: str = Field(description="Dotted path into the request, empty if it concerns the whole.")
    message: str


class ErrorBody(BaseModel):
    """What went wrong and what to do about it."""

    code: str
    message: str
    remedy: str
    details: list[ErrorDetail]


class ErrorAnswer(BaseModel):
    """Every answer under /v1 that is not a success."""

    error: ErrorBody
    request_id: str


def content_of(config: ClusterConfig) -> dict[str, Any]:
    """Return the document a patch is merged into: the cluster as a user would have written it."""
    return {
        "name": config.name,
        "labels": dict(config.labels),
        "endpoints": config.model_dump(mode="json", include={"metrics", "logs", "alerts"}, exclude_none=True),
    }


def view_of(record: ClusterRecord) -> ClusterView:
    """Return the public form of a record."""
    return ClusterView(
        id=record.id,
        name=record.config.name,
        labels=dict(record.config.labels),
        endpoints=Endpoints(metrics=record.config.metrics, logs=record.config.logs, alerts=record.config.alerts),
        created_at=record.created_at,
        updated_at=record.updated_at,
        conditions=[_condition_view(condition) for condition in record.conditions],
        warnings=record.warnings(),
        kind=record.kind,
        phase=record.phase.value,
        uid=record.uid,
        connection=None if record.connection is None else dict(record.connection),
        capabilities=dict(record.capabilities),
    )


def _condition_view(condition: Condition) -> ConditionView:
    return ConditionView(
        type=condition.type,
        status=condition.status.value,
        reason=condition.reason,
        message=condition.message,
        since=condition.since,
    )
