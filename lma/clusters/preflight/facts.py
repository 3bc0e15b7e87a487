"""Asking a cluster everything preflight wants to know, at once; what may not be seen is a fact too."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import ssl
import time
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

from cryptography import x509

from lma.clusters.access import ClusterAccess
from lma.clusters.connection import Connection
from lma.clusters.errors import ConnectorError, KubernetesError
from lma.clusters.kubernetes_api import KubernetesApi
from lma.clusters.service_account import ACCOUNT, NAMESPACE

TLS_TIMEOUT_S: Final = 5.0

Right = tuple[str, str, str, str]
"""API group, resource (with its subresource), verb, namespace (empty: everywhere)."""

RIGHTS: Final[tuple[Right, ...]] = (
    ("", "namespaces", "create", ""),
    ("", "services", "list", ""),
    ("", "services/proxy", "get", ""),
    ("", "services/proxy", "create", ""),
    ("", "serviceaccounts", "create", NAMESPACE),
    ("", "serviceaccounts/token", "create", NAMESPACE),
    ("rbac.authorization.k8s.io", "clusterroles", "create", ""),
    ("rbac.authorization.k8s.io", "clusterrolebindings", "create", ""),
    ("rbac.authorization.k8s.io", "roles", "create", ""),
    ("rbac.authorization.k8s.io", "rolebindings", "create", ""),
)


@dataclass(frozen=True, slots=True)
class Facts:
    """What was seen. A list that could not be had is ``None``, and ``refusals`` says why, by its path."""

    now: datetime
    access: ClusterAccess
    name: str = ""
    failure: ConnectorError | None = None
    elapsed_ms: float = 0.0
    version: str = ""
    uid: str = ""
    skew_s: float | None = None
    server_ends: datetime | None = None
    is_account: bool = False
    rights: Mapping[Right, bool] = field(default_factory=dict)
    own_namespace: Mapping[str, Any] | None = None
    namespaces: Sequence[Mapping[str, Any]] | None = None
    services: Sequence[Mapping[str, Any]] | None = None
    nodes: Sequence[Mapping[str, Any]] | None = None
    classes: Sequence[Mapping[str, Any]] | None = None
    definitions: Sequence[Mapping[str, Any]] | None = None
    deployments: Sequence[Mapping[str, Any]] | None = None
    refusals: Mapping[str, str] = field(default_factory=dict)
    known_as: str = ""
    is_name_taken: bool = False

    def token_ends(self) -> datetime | None:
        """Return when the token says that it ends, if it is one that says so."""
        parts = self.access.token.split(".")
        if len(parts) != 3:  # noqa: PLR2004  a JWT's
            return None
        with contextlib.suppress(ValueError, KeyError, TypeError):
            claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
            return datetime.fromtimestamp(float(claims["exp"]), UTC)
        return None

    def certificate_ends(self, pem: str) -> datetime | None:
        """Return when the first certificate of a PEM to end ends."""
        return min((item.not_valid_after_utc for item in x509.load_pem_x509_certificates(pem.encode())), default=None)


async def gather(connection: Connection, name: str = "", *, is_account: bool = False) -> Facts:
    """Ask the cluster; never raises for what it does or refuses."""
    now = datetime.now(UTC)
    access = connection.access
    began = time.monotonic()
    async with connection.api() as api:
        try:
            version = await api.get("/version")
        except ConnectorError as error:
            return Facts(now, access, name, failure=error, is_account=is_account)
        elapsed_ms = (time.monotonic() - began) * 1000
        refusals: dict[str, str] = {}
        async with asyncio.TaskGroup() as group:

            def ask(path: str) -> asyncio.Task[Any]:
                return group.create_task(_or_none(api.find(path, limit="5000"), path, refusals))

            system = ask("/api/v1/namespaces/kube-system")
            own = ask(f"/api/v1/namespaces/{NAMESPACE}")
            lists = [ask(path) for path in _LISTS]
            rights = {right: group.create_task(_may(api, right)) for right in RIGHTS}
            ends = group.create_task(_server_ends(access, connection.transport.tls))
    items = [None if task.result() is None else task.result().get("items") or [] for task in lists]
    namespaces, services, nodes, classes, definitions, deployments = items
    return Facts(
        now,
        access,
        name,
        elapsed_ms=elapsed_ms,
        version=str(version.get("gitVersion", "")),
        uid=str((system.result() or {}).get("metadata", {}).get("uid", "")),
        skew_s=api.skew_s,
        server_ends=ends.result(),
        is_account=is_account,
        rights={right: task.result() for right, task in rights.items()},
        own_namespace=own.result(),
        namespaces=namespaces,
        services=services,
        nodes=nodes,
        classes=classes,
        definitions=definitions,
        deployments=deployments,
        refusals=refusals,
    )


_LISTS: Final = (
    "/api/v1/namespaces",
    "/api/v1/services",
    "/api/v1/nodes",
    "/apis/storage.k8s.io/v1/storageclasses",
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
    "/apis/apps/v1/deployments",
)


async def _or_none(asked: Coroutine[Any, Any, Any], path: str, refusals: dict[str, str]) -> Any:
    try:
        return await asked
    except KubernetesError as error:
        refusals[path] = error.message
        return None


async def _may(api: KubernetesApi, right: Right) -> bool:
    group, resource, verb, namespace = right
    resource, _, subresource = resource.partition("/")
    attributes = {"group": group, "resource": resource, "verb": verb, "namespace": namespace}
    if subresource:
        attributes["subresource"] = subresource
    if resource == "serviceaccounts" and subresource:
        attributes["name"] = ACCOUNT
    try:
        answer = await api.create(
            "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
            {
                "apiVersion": "authorization.k8s.io/v1",
                "kind": "SelfSubjectAccessReview",
                "spec": {"resourceAttributes": attributes},
            },
        )
    except KubernetesError:
        return False
    return bool(answer.get("status", {}).get("allowed"))


async def _server_ends(access: ClusterAccess, tls: ssl.SSLContext | None) -> datetime | None:
    """Return when the API server's own certificate ends; ``None`` where it is behind a proxy."""
    if access.proxy or tls is None:
        return None
    parts = urlsplit(access.server)
    try:
        async with asyncio.timeout(TLS_TIMEOUT_S):
            _, writer = await asyncio.open_connection(
                parts.hostname, parts.port or 443, ssl=tls, server_hostname=access.server_name or parts.hostname
            )
    except (OSError, TimeoutError):
        return None
    try:
        shown = writer.get_extra_info("peercert") or {}
        return datetime.fromtimestamp(ssl.cert_time_to_seconds(shown["notAfter"]), UTC) if "notAfter" in shown else None
    finally:
        writer.transport.abort()
