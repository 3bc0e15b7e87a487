"""Federation: the latest sample of every series that matches, for another Prometheus to scrape.

Read by remote read where clusters have it, so the last sample is known to be stale or not, has its own time, and a
native histogram its own buckets.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from query.backends.outcome import Completeness
from query.execute.options import QueryOptions
from query.execute.remote_read import RemoteRead
from query.model.labels import METRIC_NAME
from query.model.matchers import Matcher
from query.model.time import NS_PER_MS
from query.promql.plan.windows import DEFAULT_LOOKBACK_MS
from query.wire.exposition import Exposed
from query.wire.read_samples import last_sample
from query.wire.remote_read import ReadQuery, ReadSeries


@dataclass(frozen=True, slots=True)
class Federated:
    """The samples, ordered by metric name, and which clusters they are of."""

    samples: tuple[Exposed, ...]
    completeness: Completeness


async def federate(remote: RemoteRead, selectors: Sequence[tuple[Matcher, ...]], options: QueryOptions) -> Federated:
    """Return the latest sample of every series that any selector matches, each once."""
    now_ms = time.time_ns() // NS_PER_MS
    queries = [ReadQuery(matchers, now_ms - DEFAULT_LOOKBACK_MS, now_ms) for matchers in selectors]
    account = remote.open_account()
    try:
        found = await remote.select(queries, options, account)
        return Federated(await asyncio.to_thread(_latest, found.results), found.completeness)
    finally:
        account.close()


def _latest(results: Sequence[Sequence[ReadSeries]]) -> tuple[Exposed, ...]:
    every = {series.labels: series for result in results for series in result if dict(series.labels).get(METRIC_NAME)}
    exposed = [
        Exposed(series.labels, *latest)
        for series in every.values()
        if (latest := last_sample(series.samples)) is not None
    ]
    return tuple(sorted(exposed, key=lambda one: (one.name, one.labels)))
