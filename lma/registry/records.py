"""The values that leave the registry: immutable, free of the database and of HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, NewType
from uuid import UUID

from query.app.config import ClusterConfig

ClusterId = NewType("ClusterId", UUID)


class ConditionStatus(StrEnum):
    """Whether a condition holds; ``Unknown`` when it could not be found out."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class Observation:
    """What was just seen of one condition, before it is known since when it has been so."""

    type: str
    status: ConditionStatus
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Condition:
    """One observed property of a cluster; ``since`` is when ``status`` last changed (UTC)."""

    type: str
    status: ConditionStatus
    reason: str
    message: str
    since: datetime


class Phase(StrEnum):
    """Where a cluster is on its way in; one given by URLs is ``ready`` from the start."""

    REGISTERING = "registering"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of a cluster's timeline, in words fit to be shown."""

    at: datetime
    status: Literal["ok", "warning", "error"]
    reason: str
    message: str
    id: int = 0


@dataclass(frozen=True, slots=True)
class ClusterRecord:
    """A registered cluster. ``updated_at`` moves with its content, not with what was seen of it.

    ``shown_partitions`` maps a signal to the partition value its data shows by itself; absent where it shows none.
    ``kind`` is how it is connected: ``endpoints`` (by URLs alone) or the name of a connector. ``uid`` is the UID of its
    namespace kube-system. ``connection`` is what may be shown of the way to it. ``capabilities`` are facts found there.
    """

    id: ClusterId
    config: ClusterConfig
    created_at: datetime
    updated_at: datetime
    conditions: tuple[Condition, ...] = ()
    shown_partitions: Mapping[str, str] = field(default_factory=dict)
    kind: str = "endpoints"
    phase: Phase = Phase.READY
    uid: str | None = None
    connection: Mapping[str, Any] | None = None
    capabilities: Mapping[str, str] = field(default_factory=dict)

    def warnings(self) -> list[str]:
        """Return what a person should look at: the message of every condition that does not hold."""
        return [item.message for item in self.conditions if item.status is not ConditionStatus.TRUE]


def observe(before: tuple[Condition, ...], seen: tuple[Observation, ...], now: datetime) -> tuple[Condition, ...]:
    """Return the conditions after an inspection: ``since`` stays where the status stayed."""
    known = {condition.type: condition for condition in before}
    after: list[Condition] = []
    for item in seen:
        old = known.get(item.type)
        since = old.since if old is not None and old.status is item.status else now
        after.append(Condition(item.type, item.status, item.reason, item.message, since))
    return tuple(after)
