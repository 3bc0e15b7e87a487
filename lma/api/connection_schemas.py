"""The JSON of connecting clusters: what is offered for one, its timeline, the ledger of credentials."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from lma.clusters.preflight import Check, Verdict
from lma.registry.ledger import Credential
from lma.registry.records import Event


class KubeconfigOffer(BaseModel):
    """A kubeconfig, from which one context is taken; everything it needs must be in it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kubeconfig: Annotated[SecretStr, Field(max_length=250_000, description="The file's text; never shown again.")]
    context: str | None = Field(default=None, max_length=253, description="Its current context if absent.")
    labels: dict[str, str] = Field(default_factory=dict, description="Constant labels added to all of its data.")
    keep_credential: bool = Field(
        default=False, description="Use the kubeconfig's user for good, instead of a service account with few rights."
    )


class PreflightOffer(BaseModel):
    """A cluster to look at before it is registered."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kubeconfig: Annotated[SecretStr, Field(max_length=250_000, description="The file's text; it is not kept.")]
    context: str | None = Field(default=None, max_length=253, description="Its current context if absent.")
    name: str = Field(default="", max_length=128, description="The name it would get.")


class CheckView(BaseModel):
    """What one check says."""

    name: str
    outcome: Literal["pass", "warn", "fail"]
    message: str
    remedy: str = Field(description="What to do about it; empty for a pass.")


class Preflight(BaseModel):
    """What stands in the way of a cluster; the worst outcome, and every check's."""

    outcome: Literal["pass", "warn", "fail"]
    checks: list[CheckView]


class EventView(BaseModel):
    """One entry of a timeline."""

    id: int = Field(description="Give the last one as `after` for what follows.")
    at: datetime
    status: Literal["ok", "warning", "error"]
    reason: str
    message: str


class Timeline(BaseModel):
    """What happened to a cluster, the oldest first, and how far it is."""

    phase: Literal["registering", "ready", "failed"]
    selector: str = Field(description="Selects this cluster's data in PromQL and LogQL.", examples=['cluster="seoul"'])
    events: list[EventView]


class CredentialView(BaseModel):
    """An entry of the ledger: what is kept, for whom, since when; never the secret."""

    cluster: str
    purpose: Literal["offered", "standing"]
    form: str
    subject: str
    key_id: str = Field(description="The key it is sealed with.")
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None


class CredentialList(BaseModel):
    """The ledger, by cluster."""

    credentials: list[CredentialView]


class Resealed(BaseModel):
    """What a rotation of the sealing key did."""

    key_id: str
    resealed: int
    source: str = Field(description="Where the keys are kept.")


def event_view(event: Event) -> EventView:
    """Return the public form of an event."""
    return EventView(id=event.id, at=event.at, status=event.status, reason=event.reason, message=event.message)


def credential_view(credential: Credential) -> CredentialView:
    """Return the public form of a ledger's entry."""
    return CredentialView(
        cluster=credential.cluster,
        purpose="offered" if credential.purpose == "offered" else "standing",
        form=credential.form,
        subject=credential.subject,
        key_id=credential.key_id,
        created_at=credential.created_at,
        last_used_at=credential.last_used_at,
        expires_at=credential.expires_at,
    )


def preflight_view(verdicts: Sequence[tuple[Check, Verdict]]) -> Preflight:
    """Return the public form of a preflight."""
    checks = [
        CheckView(name=check.name, outcome=verdict.outcome.value, message=verdict.message, remedy=verdict.remedy)
        for check, verdict in verdicts
    ]
    seen = {check.outcome for check in checks}
    return Preflight(outcome="fail" if "fail" in seen else "warn" if "warn" in seen else "pass", checks=checks)
