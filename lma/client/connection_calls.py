"""Calls that connect clusters by their API server, read their timelines and the ledger of credentials."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from lma.client.call import Answer, Call, Request, params
from lma.client.cluster_calls import decode_cluster, path_of
from lma.client.decode import json_of
from lma.client.entities import Cluster, ClusterEvent, Credential, PreflightCheck, Timeline

LEDGER = "/v1/credentials"


class WireEvent(msgspec.Struct, frozen=True):
    """An event on the wire."""

    id: int
    at: str
    status: str
    reason: str
    message: str = ""


class WireTimeline(msgspec.Struct, frozen=True):
    """A timeline on the wire."""

    phase: str
    events: tuple[WireEvent, ...]
    selector: str = ""


class WireCredential(msgspec.Struct, frozen=True):
    """An entry of the ledger on the wire."""

    cluster: str
    purpose: str
    form: str
    subject: str
    key_id: str = ""
    created_at: str = ""
    last_used_at: str | None = None
    expires_at: str | None = None


class WireLedger(msgspec.Struct, frozen=True):
    """The ledger on the wire."""

    credentials: tuple[WireCredential, ...]


class WireCheck(msgspec.Struct, frozen=True):
    """A check on the wire."""

    name: str
    outcome: str
    message: str
    remedy: str = ""


class WirePreflight(msgspec.Struct, frozen=True):
    """A preflight on the wire."""

    checks: tuple[WireCheck, ...]


class WireResealed(msgspec.Struct, frozen=True):
    """What a rotation of the sealing key did, on the wire."""

    key_id: str
    resealed: int


def connect(
    name: str,
    kubeconfig: str,
    *,
    context: str | None = None,
    labels: Mapping[str, str] | None = None,
    keep_credential: bool = False,
) -> Call[Cluster]:
    """Begin to connect a cluster by a kubeconfig that has everything in it."""
    body: dict[str, Any] = {"kubeconfig": kubeconfig, "labels": dict(labels or {}), "keep_credential": keep_credential}
    if context is not None:
        body["context"] = context
    return Call(Request("PUT", f"{path_of(name)}/connection", body=body), decode_cluster)


def preflight(
    name: str, kubeconfig: str | None = None, *, context: str | None = None
) -> Call[tuple[PreflightCheck, ...]]:
    """Look at a registered cluster, or at one a kubeconfig offers under that name."""
    if kubeconfig is None:
        return Call(Request("GET", f"{path_of(name)}/preflight"), _checks)
    body: dict[str, Any] = {"kubeconfig": kubeconfig, "name": name}
    if context is not None:
        body["context"] = context
    return Call(Request("POST", "/v1/preflight", body=body), _checks)


def events(name: str, after: int = 0) -> Call[Timeline]:
    """Read a cluster's timeline, or what follows the event with the id ``after``."""
    return Call(Request("GET", f"{path_of(name)}/events", params=params(after=str(after))), _timeline)


def credentials(name: str | None = None) -> Call[tuple[Credential, ...]]:
    """Read the ledger, of one cluster or of all."""
    return Call(Request("GET", LEDGER, params=params(cluster=name)), _ledger)


def rotate(name: str) -> Call[tuple[Credential, ...]]:
    """Replace a cluster's token."""
    return Call(Request("POST", f"{path_of(name)}/credential/rotate"), _ledger)


def revoke(name: str) -> Call[tuple[Credential, ...]]:
    """Make a cluster's token invalid."""
    return Call(Request("POST", f"{path_of(name)}/credential/revoke"), _ledger)


def reseal() -> Call[int]:
    """Rotate the key that seals credentials."""
    return Call(Request("POST", f"{LEDGER}/reseal"), lambda answer: json_of(answer, WireResealed).resealed)


def _timeline(answer: Answer) -> Timeline:
    wire = json_of(answer, WireTimeline)
    found = tuple(ClusterEvent(item.id, item.at, item.status, item.reason, item.message) for item in wire.events)
    return Timeline(wire.phase, wire.selector, found)


def _ledger(answer: Answer) -> tuple[Credential, ...]:
    return tuple(
        Credential(
            cluster=item.cluster,
            purpose=item.purpose,
            form=item.form,
            subject=item.subject,
            key_id=item.key_id,
            created_at=item.created_at,
            last_used_at=item.last_used_at,
            expires_at=item.expires_at,
        )
        for item in json_of(answer, WireLedger).credentials
    )


def _checks(answer: Answer) -> tuple[PreflightCheck, ...]:
    found = json_of(answer, WirePreflight).checks
    return tuple(PreflightCheck(check.name, check.outcome, check.message, check.remedy) for check in found)
