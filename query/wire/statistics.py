"""The statistics of a query (``stats=true``), as servers tell them and as they are told of several together.

Source: util/stats/query_stats.go. Counts are added up: the union would have touched each series and sample once, too,
and a series read for two parts of the query counts twice there as here. ``peakSamples`` is added up as well, the most
that can have been held at once. Timings are those of the slowest cluster, ``execTotalTime`` is the time taken here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

import msgspec

PerStep: TypeAlias = list[tuple[float, int]]


class Timings(msgspec.Struct):
    """Seconds spent on the parts of evaluating."""

    evalTotalTime: float = 0.0  # noqa: N815  (upstream's names)
    resultSortTime: float = 0.0  # noqa: N815
    queryPreparationTime: float = 0.0  # noqa: N815
    innerEvalTime: float = 0.0  # noqa: N815
    execQueueTime: float = 0.0  # noqa: N815
    execTotalTime: float = 0.0  # noqa: N815


class Samples(msgspec.Struct):
    """What was read; the lists hold pairs of seconds and counts, and are there only if servers count each step."""

    totalQueryableSamplesPerStep: PerStep | msgspec.UnsetType = msgspec.UNSET  # noqa: N815
    totalQueryableSamples: int = 0  # noqa: N815
    samplesReadPerStep: PerStep | msgspec.UnsetType = msgspec.UNSET  # noqa: N815
    samplesRead: int = 0  # noqa: N815
    seriesTouched: int = 0  # noqa: N815
    peakSamples: int = 0  # noqa: N815


class Statistics(msgspec.Struct):
    """The object ``stats`` of an answer."""

    timings: Timings = msgspec.field(default_factory=Timings)
    samples: Samples = msgspec.field(default_factory=Samples)


def united(parts: Sequence[Statistics], took_s: float) -> bytes:
    """Return the statistics of a query that had these parts and took that long, as JSON."""
    samples = [part.samples for part in parts]
    timings = {
        name: max((getattr(part.timings, name) for part in parts), default=0.0)
        for name in Timings.__struct_fields__
        if name != "execTotalTime"
    }
    counts = {
        name: sum(getattr(one, name) for one in samples)
        for name in ("totalQueryableSamples", "samplesRead", "seriesTouched", "peakSamples")
    }
    whole = Statistics(
        Timings(**timings, execTotalTime=took_s),
        Samples(
            totalQueryableSamplesPerStep=_per_step(one.totalQueryableSamplesPerStep for one in samples),
            samplesReadPerStep=_per_step(one.samplesReadPerStep for one in samples),
            **counts,
        ),
    )
    return msgspec.json.encode(whole)


def _per_step(lists: Iterable[PerStep | msgspec.UnsetType]) -> PerStep | msgspec.UnsetType:
    totals: dict[float, int] = {}
    is_told = False
    for listed in lists:
        if isinstance(listed, msgspec.UnsetType):
            continue
        is_told = True
        for stamp, count in listed:
            totals[stamp] = totals.get(stamp, 0) + count
    return sorted(totals.items()) if is_told else msgspec.UNSET
