"""Checks of what the user may do, each by a SelfSubjectAccessReview."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from lma.clusters.preflight.check import Verdict, failed, passed, warned
from lma.clusters.preflight.facts import Facts, Right
from lma.clusters.service_account import NAMESPACE

_RBAC: Final = "rbac.authorization.k8s.io"
_EXCHANGE: Final = "give the user this right, or register with --keep-credential"


def may_list_services(facts: Facts) -> Verdict:
    """Check that it may list services: without that nothing can be found."""
    if facts.rights.get(("", "services", "list", "")):
        return passed("it may list services")
    return failed("it may not list services", "give the user the right to list services in all namespaces")


def may_query_services(facts: Facts) -> Verdict:
    """Check that it may query as this user; our own account gets the right for what is found."""
    has_all = all(facts.rights.get(("", "services/proxy", verb, "")) for verb in ("get", "create"))
    if has_all:
        return passed("it may ask services through the API server")
    if facts.is_account:
        return passed("the service account may ask the services that were found, and no others")
    return warned("it may not ask services through the API server (services/proxy)", _EXCHANGE)


def needs(told: str, *rights: Right) -> Callable[[Facts], Verdict]:
    """Return the check that the user may do something that the exchange needs."""

    def check(facts: Facts) -> Verdict:
        if facts.is_account:
            return passed(f"not needed any more: {told}")
        missing = [
            f"{verb} {resource}" for right in rights if not facts.rights.get(right) for _, resource, verb, _ in [right]
        ]
        if missing:
            return warned(f"it may not {told} ({', '.join(missing)})", _EXCHANGE)
        return passed(f"it may {told}")

    return check


may_make_namespace: Final = needs("create a namespace", ("", "namespaces", "create", ""))
may_make_account: Final = needs("create a service account", ("", "serviceaccounts", "create", NAMESPACE))
may_request_token: Final = needs("request its token", ("", "serviceaccounts/token", "create", NAMESPACE))
may_make_roles: Final = needs("create roles", (_RBAC, "clusterroles", "create", ""), (_RBAC, "roles", "create", ""))
may_bind_roles: Final = needs(
    "bind roles", (_RBAC, "clusterrolebindings", "create", ""), (_RBAC, "rolebindings", "create", "")
)
