"""Whether a cluster can stand beside the others: the federation is a partition, or it counts data twice.

Two clusters overlap if they name the same endpoint, or if the data of one calls itself by the other's name or by the
value the other's data shows: then the second address leads to the same servers, or to their Thanos Query.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from lma.registry.errors import ConflictError, Detail, InvalidClusterError
from lma.registry.records import ClusterRecord
from query.app.config import ClusterConfig, check_disjoint, endpoints


def require_own_endpoints(config: ClusterConfig, others: Sequence[ClusterRecord], partition_label: str) -> None:
    """Raise ``ConflictError`` naming the cluster that has one of the endpoints already.

    Whatever else the gateway would refuse of the content is an ``InvalidClusterError``.
    """
    claimed = set(endpoints(config))
    for other in others:
        shared = sorted(claimed.intersection(endpoints(other.config)))
        if shared:
            name = other.config.name
            listed = ", ".join(f"the {signal} endpoint {identity}" for signal, identity in shared)
            raise ConflictError(
                f"cluster {name!r} already has {listed}: its data would be counted twice",
                f"give {config.name!r} an endpoint of its own, or remove {name!r}",
                other=name,
                details=tuple(Detail(f"endpoints.{signal}", identity) for signal, identity in shared),
            )
    try:
        check_disjoint([*(other.config for other in others), config], partition_label)
    except ValueError as error:
        raise InvalidClusterError(str(error), "correct the content and repeat the request") from error


def partition_conflict(
    name: str, shown: Mapping[str, str], others: Iterable[ClusterRecord], partition_label: str
) -> ConflictError | None:
    """Return why a cluster whose data shows these partition values overlaps another one, or ``None``."""
    for other in others:
        other_name = other.config.name
        for signal, value in shown.items():
            if value == other_name or value == other.shown_partitions.get(signal):
                own = "" if value == other_name else f", as that of cluster {other_name!r} does"
                return overlap(name, other_name, f"its {signal} show {partition_label}={value!r}{own}", signal)
        for signal, value in other.shown_partitions.items():
            if value == name:
                why = f"the {signal} of cluster {other_name!r} show {partition_label}={value!r}"
                return overlap(name, other_name, why, signal)
    return None


def overlap(name: str, other: str, why: str, signal: str) -> ConflictError:
    """Return the error for two clusters that hold the same data, as ``signal`` of the first showed."""
    return ConflictError(
        f"clusters {name!r} and {other!r} overlap: {why}; data in both would be counted twice",
        f"give each cluster its own value in its external labels, or remove {other!r} if it is the same cluster",
        other=other,
        details=(Detail(f"endpoints.{signal}", why),),
    )
