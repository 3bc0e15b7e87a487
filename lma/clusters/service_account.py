"""Our own service account in a cluster: what a person's credential is exchanged for, at once.

What is made, in one namespace of ours plus one role in each namespace that has something to ask:

* a service account, and a Secret that its tokens are bound to: deleting the Secret revokes every token, within the ten
  seconds for which an API server remembers that one is valid;
* rights to query exactly the services that were found (``services/proxy`` by name), to see what preflight and detection
  look at (read-only, no Secret, no ConfigMap, no log), to renew its own token, and to delete the namespace itself.

Everything else hangs on the namespace by owner references: deleting that one object leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from lma.clusters.connection import Connection, Token
from lma.clusters.detect import Service
from lma.clusters.errors import ConnectorError, KubernetesError
from lma.clusters.kubernetes_api import KubernetesApi

NAMESPACE: Final = "lma-federation"
ACCOUNT: Final = "gateway"
NAME: Final = "lma-federation-gateway"
SECRET: Final = "gateway-tokens"  # noqa: S105  a Secret's name
TOKEN_S: Final = 24 * 3600
LABELS: Final = {"app.kubernetes.io/managed-by": "lma-federation"}
SUBJECT: Final = f"system:serviceaccount:{NAMESPACE}:{ACCOUNT}"

_NAMESPACE_PATH: Final = f"/api/v1/namespaces/{NAMESPACE}"
_RBAC: Final = "rbac.authorization.k8s.io"
_RBAC_PATH: Final = f"/apis/{_RBAC}/v1"
_SEES: Final = (
    ("", ("namespaces", "nodes", "services"), ("get", "list")),
    ("storage.k8s.io", ("storageclasses",), ("get", "list")),
    ("apiextensions.k8s.io", ("customresourcedefinitions",), ("get", "list")),
    ("apps", ("deployments", "statefulsets", "daemonsets"), ("get", "list")),
)


async def exchange(connection: Connection, services: Sequence[Service], *, token_s: int = TOKEN_S) -> Token:
    """Make our account, with rights on just these services, and return its first token.

    ``KubernetesError`` with reason ``Forbidden`` if the person's credential may not do that.
    """
    async with connection.api() as api:
        owner = await _namespace(api)
        await api.apply(f"{_NAMESPACE_PATH}/serviceaccounts/{ACCOUNT}", _own("v1", "ServiceAccount", ACCOUNT))
        await api.apply(f"{_NAMESPACE_PATH}/secrets/{SECRET}", _own("v1", "Secret", SECRET, type="Opaque"))
        await _apply_rights(api, owner, services)
        return await _token(api, token_s)


class AccountTokens:
    """Renews the account's token by the account's own right. A ``TokenSource``."""

    def __init__(self, token_s: int = TOKEN_S) -> None:
        self._token_s = token_s

    async def fetch(self, connection: Connection) -> Token:
        """Ask for a new token with the present one."""
        async with connection.api_with(connection.token_value) as api:
            return await _token(api, self._token_s)


async def revoke(connection: Connection) -> None:
    """Make every token of the account invalid, by deleting what they are bound to."""
    async with connection.api() as api:
        await api.delete(f"{_NAMESPACE_PATH}/secrets/{SECRET}")


async def rotate(connection: Connection, *, token_s: int = TOKEN_S) -> Token:
    """Return a token bound to a new Secret; those bound to the old one are invalid from now on."""
    async with connection.api() as api:
        await api.delete(f"{_NAMESPACE_PATH}/secrets/{SECRET}")
        await api.apply(f"{_NAMESPACE_PATH}/secrets/{SECRET}", _own("v1", "Secret", SECRET, type="Opaque"))
        return await _token(api, token_s)


async def remove(connection: Connection) -> bool:
    """Delete our namespace, and with it all we made; tell whether it was there. Others' is never touched."""
    async with connection.api() as api:
        found = await api.find(_NAMESPACE_PATH)
        if found is None:
            return False
        if not _is_ours(found):
            raise _foreign()
        return await api.delete(_NAMESPACE_PATH)


async def _namespace(api: KubernetesApi) -> Mapping[str, Any]:
    """Make our namespace unless it is there; return a reference to it as an owner."""
    found = await api.find(_NAMESPACE_PATH)
    if found is not None and found.get("status", {}).get("phase") == "Terminating":
        raise ConnectorError(
            "NamespaceTerminating",
            f"the namespace {NAMESPACE} is still being deleted in the cluster",
            "wait until it is gone and register again",
            is_transient=True,
        )
    if found is not None and not _is_ours(found):
        raise _foreign()
    made = found or await api.apply(
        _NAMESPACE_PATH,
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE, "labels": dict(LABELS)}},
    )
    return {"apiVersion": "v1", "kind": "Namespace", "name": NAMESPACE, "uid": made["metadata"]["uid"]}


def _is_ours(namespace: Mapping[str, Any]) -> bool:
    labels = namespace["metadata"].get("labels") or {}
    return all(labels.get(name) == value for name, value in LABELS.items())


def _foreign() -> ConnectorError:
    return ConnectorError(
        "NamespaceTaken",
        f"the cluster has a namespace {NAMESPACE} that is not ours: it lacks the label "
        f"{', '.join(f'{name}={value}' for name, value in LABELS.items())}",
        "remove or rename it, or register with --keep-credential",
    )


async def _apply_rights(api: KubernetesApi, owner: Mapping[str, Any], services: Sequence[Service]) -> None:
    sees = [_rule(group, resources, verbs) for group, resources, verbs in _SEES]
    own_end = _rule("", ("namespaces",), ("delete",), names=(NAMESPACE,))
    await api.apply(
        f"{_RBAC_PATH}/clusterroles/{NAME}", _role("ClusterRole", rules=[*sees, own_end], owner=owner, namespace="")
    )
    await api.apply(f"{_RBAC_PATH}/clusterrolebindings/{NAME}", _binding("ClusterRoleBinding", owner, namespace=""))
    renewing = [
        _rule("", ("serviceaccounts/token",), ("create",), names=(ACCOUNT,)),
        _rule("", ("secrets",), ("get", "delete", "patch"), names=(SECRET,)),
        _rule("", ("secrets",), ("create",)),
    ]
    await _apply_role(api, owner, NAMESPACE, renewing)
    for namespace in sorted({service.namespace for service in services}):
        names = tuple(sorted(service.proxy_name for service in services if service.namespace == namespace))
        await _apply_role(api, owner, namespace, [_rule("", ("services/proxy",), ("get", "create"), names=names)])


async def _apply_role(
    api: KubernetesApi, owner: Mapping[str, Any], namespace: str, rules: Sequence[Mapping[str, Any]]
) -> None:
    path = f"{_RBAC_PATH}/namespaces/{namespace}"
    await api.apply(f"{path}/roles/{NAME}", _role("Role", rules=rules, owner=owner, namespace=namespace))
    await api.apply(f"{path}/rolebindings/{NAME}", _binding("RoleBinding", owner, namespace=namespace))


async def _token(api: KubernetesApi, token_s: int) -> Token:
    secret = await api.get(f"{_NAMESPACE_PATH}/secrets/{SECRET}")
    bound = {"apiVersion": "v1", "kind": "Secret", "name": SECRET, "uid": secret["metadata"]["uid"]}
    asked = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "spec": {"expirationSeconds": token_s, "boundObjectRef": bound},
    }
    now = datetime.now(UTC)
    answer = await api.create(f"{_NAMESPACE_PATH}/serviceaccounts/{ACCOUNT}/token", asked)
    try:
        status = answer["status"]
        return Token(status["token"], now, datetime.fromisoformat(status["expirationTimestamp"]))
    except (KeyError, TypeError, ValueError) as error:
        raise KubernetesError("ApiError", "the API server answered a TokenRequest with none", "see its log") from error


def _rule(group: str, resources: Sequence[str], verbs: Sequence[str], *, names: Sequence[str] = ()) -> dict[str, Any]:
    rule: dict[str, Any] = {"apiGroups": [group], "resources": list(resources), "verbs": list(verbs)}
    return {**rule, "resourceNames": list(names)} if names else rule


def _own(version: str, kind: str, name: str, **rest: object) -> dict[str, Any]:
    metadata = {"name": name, "namespace": NAMESPACE, "labels": dict(LABELS)}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **rest}


def _metadata(owner: Mapping[str, Any], namespace: str) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": NAME, "labels": dict(LABELS), "ownerReferences": [dict(owner)]}
    return {**metadata, "namespace": namespace} if namespace else metadata


def _role(kind: str, *, rules: Sequence[Mapping[str, Any]], owner: Mapping[str, Any], namespace: str) -> dict[str, Any]:
    return {
        "apiVersion": f"{_RBAC}/v1",
        "kind": kind,
        "metadata": _metadata(owner, namespace),
        "rules": [dict(rule) for rule in rules],
    }


def _binding(kind: str, owner: Mapping[str, Any], *, namespace: str) -> dict[str, Any]:
    return {
        "apiVersion": f"{_RBAC}/v1",
        "kind": kind,
        "metadata": _metadata(owner, namespace),
        "roleRef": {"apiGroup": _RBAC, "kind": kind.removesuffix("Binding"), "name": NAME},
        "subjects": [{"kind": "ServiceAccount", "name": ACCOUNT, "namespace": NAMESPACE}],
    }
