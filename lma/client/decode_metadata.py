"""Bodies of the metadata routes (names, series, rules, alerts, targets, metadata) as typed results."""

from __future__ import annotations

import msgspec

from lma.client.call import Answer
from lma.client.decode import json_of, kwargs_of, opened
from lma.client.entities import Alert, Metadata, MetricMetadata, Rule, RuleGroup, Target, Targets
from lma.client.samples import Labels, Listing


class WireAlert(msgspec.Struct, frozen=True, rename="camel"):
    """An alert on the wire."""

    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    state: str = ""
    active_at: str | None = ""
    value: str = ""


class WireRule(msgspec.Struct, frozen=True, rename="camel"):
    """A rule on the wire, recording or alerting."""

    type: str
    name: str
    query: str
    health: str = "unknown"
    last_error: str = ""
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    state: str = ""
    duration: float = 0.0
    evaluation_time: float = 0.0
    last_evaluation: str = ""
    alerts: list[WireAlert] | None = None


class WireGroup(msgspec.Struct, frozen=True):
    """A rule group on the wire."""

    name: str
    file: str = ""
    interval: float = 0.0
    rules: list[WireRule] | None = None


class WireGroups(msgspec.Struct, frozen=True):
    """The ``data`` of rules."""

    groups: list[WireGroup] | None = None


class WireAlerts(msgspec.Struct, frozen=True):
    """The ``data`` of alerts."""

    alerts: list[WireAlert] | None = None


class WireTarget(msgspec.Struct, frozen=True, rename="camel"):
    """An active target on the wire."""

    labels: dict[str, str] = {}
    discovered_labels: dict[str, str] = {}
    scrape_pool: str = ""
    scrape_url: str = ""
    health: str = "unknown"
    last_error: str = ""
    last_scrape: str = ""
    last_scrape_duration: float = 0.0


class WireDropped(msgspec.Struct, frozen=True, rename="camel"):
    """A dropped target on the wire."""

    discovered_labels: dict[str, str] = {}


class WireTargets(msgspec.Struct, frozen=True, rename="camel"):
    """The ``data`` of targets."""

    active_targets: list[WireTarget] | None = None
    dropped_targets: list[WireDropped] | None = None


class WireMetadata(msgspec.Struct, frozen=True):
    """One metadata entry on the wire."""

    type: str = "unknown"
    help: str = ""
    unit: str = ""


def decode_names(answer: Answer) -> Listing[str]:
    """Decode label names or label values; Loki leaves ``data`` out when there are none."""
    data, notes = opened(answer)
    names = json_of(answer, list[str], _or_empty(data, b"[]"))
    return Listing(items=tuple(names), **kwargs_of(notes))


def decode_label_sets(answer: Answer) -> Listing[Labels]:
    """Decode the label sets of series or streams."""
    data, notes = opened(answer)
    sets = json_of(answer, list[dict[str, str]], _or_empty(data, b"[]"))
    return Listing(items=tuple(sets), **kwargs_of(notes))


def decode_rules(answer: Answer) -> Listing[RuleGroup]:
    """Decode rule groups."""
    data, notes = opened(answer)
    groups = json_of(answer, WireGroups, data).groups or ()
    return Listing(items=tuple(_group(group) for group in groups), **kwargs_of(notes))


def decode_alerts(answer: Answer) -> Listing[Alert]:
    """Decode active alerts."""
    data, notes = opened(answer)
    alerts = json_of(answer, WireAlerts, data).alerts or ()
    return Listing(items=tuple(_alert(alert) for alert in alerts), **kwargs_of(notes))


def decode_targets(answer: Answer) -> Targets:
    """Decode scrape targets."""
    data, notes = opened(answer)
    wire = json_of(answer, WireTargets, data)
    return Targets(
        active=tuple(
            Target(
                labels=target.labels,
                discovered_labels=target.discovered_labels,
                scrape_pool=target.scrape_pool,
                scrape_url=target.scrape_url,
                health=target.health,
                last_error=target.last_error,
                last_scrape=target.last_scrape,
                last_scrape_duration_s=target.last_scrape_duration,
            )
            for target in wire.active_targets or ()
        ),
        dropped=tuple(target.discovered_labels for target in wire.dropped_targets or ()),
        **kwargs_of(notes),
    )


def decode_metadata(answer: Answer) -> Metadata:
    """Decode metric metadata."""
    data, notes = opened(answer)
    wire = json_of(answer, dict[str, list[WireMetadata]], _or_empty(data, b"{}"))
    metrics = {
        name: tuple(MetricMetadata(kind=entry.type, help=entry.help, unit=entry.unit) for entry in entries)
        for name, entries in wire.items()
    }
    return Metadata(metrics=metrics, **kwargs_of(notes))


def _or_empty(data: msgspec.Raw, empty: bytes) -> bytes:
    """Return ``data``, or ``empty`` where the server wrote null (or nothing) for "none"."""
    raw = bytes(data)
    return empty if raw == b"null" else raw


def _group(wire: WireGroup) -> RuleGroup:
    rules = tuple(
        Rule(
            kind=rule.type,
            name=rule.name,
            query=rule.query,
            health=rule.health,
            last_error=rule.last_error,
            labels=rule.labels,
            annotations=rule.annotations,
            state=rule.state,
            duration_s=rule.duration,
            evaluation_time_s=rule.evaluation_time,
            last_evaluation=rule.last_evaluation,
            alerts=tuple(_alert(alert) for alert in rule.alerts or ()),
        )
        for rule in wire.rules or ()
    )
    return RuleGroup(name=wire.name, file=wire.file, interval_s=wire.interval, rules=rules)


def _alert(wire: WireAlert) -> Alert:
    return Alert(
        labels=wire.labels,
        annotations=wire.annotations,
        state=wire.state,
        active_at=wire.active_at or "",
        value=wire.value,
    )
