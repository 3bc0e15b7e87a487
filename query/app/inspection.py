"""Looking at a cluster's endpoints before, or while, it is part of answers."""

from __future__ import annotations

from dataclasses import dataclass, field

from query.backends.base import Failure


@dataclass(frozen=True, slots=True)
class EndpointInspection:
    """What one endpoint said. ``conflict`` is why its data can't be part of answers; ``values`` what it shows."""

    url: str
    is_reachable: bool
    detail: str
    failure: Failure | None = None
    version: str = ""
    conflict: str = ""
    values: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a cluster's endpoints said.

    ``twin`` names another cluster whose backend shows the same value of the partition label, so that the same data
    would be counted twice.
    """

    metrics: EndpointInspection | None = None
    logs: EndpointInspection | None = None
    alerts: EndpointInspection | None = None
    twin: str = ""
