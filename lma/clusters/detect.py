"""Finding what a cluster already has to ask: services that look like Thanos Query, Prometheus, Loki or Alertmanager.

A service is a candidate by its labels, or where it has none by its name, and by the name or number of a port.
Candidates are in the order in which they should be tried: a Thanos Query sees all replicas, so it comes before a
Prometheus; a query front end comes before what is behind it. Which one is taken is decided by asking, not here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

Signal = Literal["metrics", "logs", "alerts"]
SIGNALS: Final[tuple[Signal, ...]] = ("metrics", "logs", "alerts")
PER_SIGNAL: Final = 8
"""How many candidates are tried at most."""


@dataclass(frozen=True, slots=True)
class Service:
    """A port of a service that may answer a signal."""

    signal: Signal
    product: str
    namespace: str
    name: str
    port: str

    @property
    def proxy_name(self) -> str:
        """Its name in the API server's service proxy, and in the rights that open it."""
        return f"{self.name}:{self.port}"

    @property
    def proxy_path(self) -> str:
        """The path of its API below the API server."""
        return f"/api/v1/namespaces/{self.namespace}/services/{self.proxy_name}/proxy"

    def __str__(self) -> str:
        """Return it as a person would name it."""
        return f"{self.product} ({self.namespace}/{self.proxy_name})"


@dataclass(frozen=True, slots=True)
class _Pattern:
    signal: Signal
    product: str
    words: re.Pattern[str]
    ports: tuple[str, ...]
    numbers: tuple[int, ...]


def _pattern(signal: Signal, product: str, words: str, ports: str, *numbers: int) -> _Pattern:
    return _Pattern(signal, product, re.compile(rf"(?:^|-)(?:{words})(?:-|$)"), tuple(ports.split()), numbers)


# In the order of trying. The words are looked for in the labels name and component, then in the service's name.
# Alertmanager comes first because its services often carry the word prometheus too.
_PATTERNS: Final = (
    _pattern("alerts", "Alertmanager", "alertmanager", "http-web web http", 9093),
    _pattern("metrics", "Thanos Query Frontend", "thanos-query-frontend|thanos-queryfrontend", "http", 10902, 9090),
    _pattern("metrics", "Thanos Query", "thanos-query|thanos-querier", "http http-query web", 10902, 9090, 9091),
    _pattern("metrics", "Mimir", "mimir-query-frontend|mimir-gateway", "http-metrics http-metric", 8080, 80),
    _pattern("metrics", "Prometheus", "prometheus", "http-web web http", 9090, 80),
    _pattern("logs", "Loki gateway", "loki-gateway", "http http-metrics", 80, 8080),
    _pattern("logs", "Loki query frontend", "loki-query-frontend", "http-metrics http", 3100),
    _pattern("logs", "Loki", "loki|loki-read|loki-stack", "http-metrics http http-loki", 3100),
)
# Exporters, operators and such carry the same words and answer none of the APIs.
_OTHERS: Final = re.compile(
    r"grafana|node-exporter|kube-state|operator|pushgateway|adapter|blackbox|exporter|memberlist|headless|canary|"
    r"sidecar|store|compact|ruler|receive|-write$|-backend$|operated$|discovery|webhook|memcached|chunks-cache|results-cache"
)


def candidates(services: Iterable[Mapping[str, Any]]) -> list[Service]:
    """Return the candidates among a ``ServiceList``'s items, in the order of trying, at most a few for each signal."""
    found: list[tuple[int, Service]] = []
    for item in services:
        metadata, spec = item.get("metadata") or {}, item.get("spec") or {}
        rank = _rank(metadata)
        if rank is None or spec.get("type") == "ExternalName":
            continue
        pattern = _PATTERNS[rank]
        port = _port(spec.get("ports") or [], pattern)
        if port is not None:
            found.append(
                (
                    rank,
                    Service(pattern.signal, pattern.product, str(metadata["namespace"]), str(metadata["name"]), port),
                )
            )
    ordered = [service for _, service in sorted(found, key=lambda pair: (pair[0], pair[1].namespace, pair[1].name))]
    return [service for signal in SIGNALS for service in [one for one in ordered if one.signal == signal][:PER_SIGNAL]]


def _rank(metadata: Mapping[str, Any]) -> int | None:
    """Return the first pattern that fits, by the labels together or by the name; ``None`` if it is something else."""
    labels = metadata.get("labels") or {}
    name = str(metadata.get("name", ""))
    product = str(labels.get("app.kubernetes.io/name") or labels.get("app") or "")
    component = str(labels.get("app.kubernetes.io/component") or labels.get("component") or "")
    if _OTHERS.search(name):
        return None
    for words in (f"{product}-{component}", product, name):
        if words.strip("-") and not _OTHERS.search(words):
            for rank, pattern in enumerate(_PATTERNS):
                if pattern.words.search(words):
                    return rank
    return None


def _port(ports: Iterable[Mapping[str, Any]], pattern: _Pattern) -> str | None:
    """Return the port's name where it has one, else its number; ``None`` if no port fits."""
    listed = [port for port in ports if port.get("protocol", "TCP") == "TCP"]
    by_name = {str(port.get("name")): port for port in listed if port.get("name")}
    for wanted in pattern.ports:
        if wanted in by_name:
            return wanted
    for number in pattern.numbers:
        for port in listed:
            if port.get("port") == number:
                return str(port.get("name") or number)
    return None
