"""The gateway as the registry's query plane: what an inspection saw becomes conditions."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from lma.clusters.connections import Connections
from lma.registry.directory import Findings
from lma.registry.records import ConditionStatus, Observation
from query.app.config import ClusterConfig
from query.app.gateway import Gateway
from query.app.inspection import EndpointInspection, Inspection
from query.backends.transport import Transport


class GatewayPlane:
    """Adapts ``Gateway`` to ``lma.registry.directory.QueryPlane``, with the ways to connected clusters."""

    def __init__(self, gateway: Gateway, partition_label: str, connections: Connections) -> None:
        self._gateway = gateway
        self._partition_label = partition_label
        self._connections = connections

    async def replace_clusters(self, clusters: Sequence[ClusterConfig]) -> None:
        """Query exactly these clusters from now on."""
        await self._gateway.replace_clusters(clusters, self._connections.transports())

    async def inspect(self, cluster: ClusterConfig) -> Findings:
        """Ask the cluster's API server and endpoints who they are; bounded in time by both."""
        transport = self._connections.transports().get(cluster.name)
        connected, inspection = await asyncio.gather(
            self._connections.observe(cluster.name), self._gateway.inspect(cluster, transport)
        )
        findings = findings_of(inspection, self._partition_label)
        return replace(findings, observations=(*connected, *findings.observations))

    async def probe(self, config: ClusterConfig, transport: Transport) -> str:
        """Return why an endpoint does not answer as its signal should, empty if it does."""
        found = await self._gateway.inspect(config, transport)
        parts = [part for part in (found.metrics, found.logs, found.alerts) if part is not None]
        return "; ".join(part.detail for part in parts if not part.is_reachable)


def findings_of(inspection: Inspection, partition_label: str) -> Findings:
    """Return the inspection in the registry's words."""
    observations: list[Observation] = []
    shown: dict[str, str] = {}
    contradictions: list[str] = []
    parts = (("metrics", inspection.metrics), ("logs", inspection.logs), ("alerts", inspection.alerts))
    asked = [(signal, part) for signal, part in parts if part is not None]
    for signal, part in asked:
        observations.append(_reachable(signal, part))
        if part.conflict:
            contradictions.append(f"{signal}: {part.conflict}")
        value = part.values.get(partition_label)
        if value is not None:
            shown[signal] = value
    if contradictions:
        told = "left out of answers: " + "; ".join(contradictions)
        observations.append(Observation("LabelsConsistent", ConditionStatus.FALSE, "LabelConflict", told))
    elif any(part.is_reachable for signal, part in asked if signal != "alerts"):
        told = "its data contradicts none of its labels"
        observations.append(Observation("LabelsConsistent", ConditionStatus.TRUE, "NoContradiction", told))
    return Findings(tuple(observations), shown, inspection.twin)


def _reachable(signal: str, part: EndpointInspection) -> Observation:
    name = f"{signal.capitalize()}Reachable"
    if part.is_reachable:
        return Observation(name, ConditionStatus.TRUE, "Answered", f"{part.url} {part.detail}")
    failure = part.failure.value if part.failure is not None else "unknown"
    reason = "".join(word.capitalize() for word in failure.split("_"))
    told = f"{part.url} does not answer as {signal} should ({failure}): {part.detail}"
    return Observation(name, ConditionStatus.FALSE, reason, told)
