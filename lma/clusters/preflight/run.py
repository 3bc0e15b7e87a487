"""The list of checks, and running it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from lma.clusters.connection import Connection
from lma.clusters.preflight import contents, nodes, reachability, rights
from lma.clusters.preflight.check import Check, Verdict
from lma.clusters.preflight.facts import Facts, gather
from lma.registry.records import ClusterRecord

CHECKS: Final = (
    Check("api-reachable", reachability.api_reachable),
    Check("version", reachability.version_supported),
    Check("server-certificate", reachability.server_certificate),
    Check("certificate-authority", reachability.authority),
    Check("credential-end", reachability.credential_end),
    Check("clocks", reachability.clocks),
    Check("identity", reachability.identity),
    Check("name", reachability.name_free),
    Check("list-services", rights.may_list_services),
    Check("query-services", rights.may_query_services),
    Check("create-namespace", rights.may_make_namespace),
    Check("create-service-account", rights.may_make_account),
    Check("request-token", rights.may_request_token),
    Check("create-roles", rights.may_make_roles),
    Check("bind-roles", rights.may_bind_roles),
    Check("own-namespace", contents.own_namespace),
    Check("pod-security", contents.pod_security),
    Check("metrics", contents.metrics_found),
    Check("one-metrics-view", contents.one_metrics_view),
    Check("logs", contents.logs_found),
    Check("alerts", contents.alerts_found),
    Check("prometheus-operator", contents.operator),
    Check("operator-resources", contents.operator_definitions),
    Check("nodes", nodes.nodes_ready),
    Check("architecture", nodes.architecture),
    Check("capacity", nodes.capacity),
    Check("storage-class", nodes.storage_class),
    Check("fargate", nodes.fargate),
    Check("control-plane", nodes.control_plane),
)


def judge(facts: Facts) -> list[tuple[Check, Verdict]]:
    """Return every check's verdict; where the API server can't be asked, that of the first alone."""
    checks = CHECKS if facts.failure is None else CHECKS[:1]
    return [(check, check.judge(facts)) for check in checks]


async def run(
    connection: Connection, name: str, clusters: Sequence[ClusterRecord], *, is_account: bool = False
) -> list[tuple[Check, Verdict]]:
    """Look at a cluster that would be, or is, registered as ``name`` beside ``clusters``."""
    facts = await gather(connection, name, is_account=is_account)
    known_as = next((one.config.name for one in clusters if facts.uid and one.uid == facts.uid), "")
    is_taken = any(one.config.name == name and one.config.name != known_as for one in clusters)
    return judge(replace(facts, known_as=known_as, is_name_taken=is_taken))
