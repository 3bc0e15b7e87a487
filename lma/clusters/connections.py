"""The connections that are open, by cluster: where the gateway finds its transports and the control plane its API."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from lma.clusters.connection import Connection
from lma.clusters.errors import ConnectorError
from lma.registry.records import ConditionStatus, Observation
from query.backends.transport import Transport

SYSTEM_PATH: Final = "/api/v1/namespaces/kube-system"
CONNECTED: Final = "Connected"
CREDENTIAL: Final = "CredentialValid"


class Connections:
    """Open connections by cluster name, each with the natural key its cluster must have."""

    def __init__(self) -> None:
        self._open: dict[str, tuple[Connection, str | None]] = {}
        self._broken: dict[str, str] = {}

    def put(self, name: str, connection: Connection, uid: str | None) -> None:
        """Use this connection for a cluster from now on."""
        self._open[name] = (connection, uid)
        self._broken.pop(name, None)

    def put_broken(self, name: str, why: str) -> None:
        """Note that a cluster has a connection that can't be opened."""
        self._broken[name] = why

    def drop(self, name: str) -> None:
        """Forget a cluster's connection."""
        self._open.pop(name, None)
        self._broken.pop(name, None)

    def get(self, name: str) -> Connection | None:
        """Return a cluster's connection."""
        found = self._open.get(name)
        return None if found is None else found[0]

    def transports(self) -> Mapping[str, Transport]:
        """Return the transports by cluster name."""
        return {name: connection.transport for name, (connection, _) in self._open.items()}

    async def observe(self, name: str) -> tuple[Observation, ...]:
        """Ask a cluster's API server who it is; empty for a cluster that is not connected."""
        if name in self._broken:
            return (Observation(CONNECTED, ConditionStatus.FALSE, "NoCredential", self._broken[name]),)
        found = self._open.get(name)
        if found is None:
            return ()
        connection, uid = found
        try:
            async with connection.api() as api:
                version, system = await asyncio.gather(api.get("/version"), api.get(SYSTEM_PATH))
        except ConnectorError as error:
            return (Observation(CONNECTED, ConditionStatus.FALSE, error.reason, error.message),)
        seen = system["metadata"]["uid"]
        if uid is not None and seen != uid:
            told = f"another cluster answers at {connection.access.server}: kube-system has the UID {seen}, not {uid}"
            return (Observation(CONNECTED, ConditionStatus.FALSE, "IdentityChanged", told),)
        told = f"API server {connection.access.server}, {version.get('gitVersion', 'unknown version')}"
        return (
            Observation(CONNECTED, ConditionStatus.TRUE, "Answered", told),
            _credential(connection),
        )


def _credential(connection: Connection) -> Observation:
    ends = connection.expires_at
    if ends is None:
        return Observation(CREDENTIAL, ConditionStatus.TRUE, "Accepted", "the credential is accepted")
    if ends < datetime.now(UTC):
        told = f"the credential has ended at {ends:%Y-%m-%d %H:%M} UTC"
        return Observation(CREDENTIAL, ConditionStatus.FALSE, "Expired", told)
    return Observation(CREDENTIAL, ConditionStatus.TRUE, "Accepted", "the credential is accepted and renewed in time")
