"""Makes the answer of a LogQL query that selects lines, of what the clusters answered."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

from query.backends.base import BackendError, Deadline
from query.backends.outcome import Answered, Completeness, Missing
from query.execute.fanout import Call, ask
from query.execute.logs_answer import LogsAnswer
from query.execute.logs_fetch import Gathered, LogsOptions, LogsRange, Reached, failed, query_request
from query.execute.logs_pages import Line, Window
from query.logql.merge import merge_streams, union_labels
from query.logql.merge.relabel import metadata_names
from query.logql.plan import Shard
from query.model.frames import Notes
from query.model.labels import Labels
from query.model.time import NS_PER_MS
from query.wire.loki import StreamBody, read_streams, rename_metadata, stream_json, timestamp_ns
from query.wire.prometheus import UpstreamQueryError

MOST_STEPS: Final = 1000
OFF_LOOP_BYTES: Final = 256 << 10
NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class MergedLines:
    """Streams in label order, the entries of each in the direction asked for, and what is to be said of them."""

    streams: list[tuple[Labels, list[bytes]]]
    stats: Mapping[str, Any]
    notes: Notes
    completeness: Completeness

    def answer(self) -> LogsAnswer:
        """Return them as an answer."""
        elements = [stream_json(labels, entries) for labels, entries in self.streams]
        return LogsAnswer("streams", elements, self.stats, self.notes, self.completeness)


def merge_lines(
    shards: Sequence[Shard], outcomes: Sequence[Answered | Missing], options: LogsOptions, reached: Reached
) -> MergedLines:
    """Merge what the clusters answered; raises what their errors, or gaps that can't be accepted, mean for it."""
    gathered = Gathered()
    sources = []
    for shard, outcome in zip(shards, outcomes, strict=True):
        if isinstance(outcome, Missing):
            gathered.gaps.append(outcome)
            continue
        masked = reached.masked.get(shard.cluster, {})
        try:
            envelope, streams = read_streams(outcome)
            sources.append(source_of(shard, streams, masked, categorize=options.categorize))
        except (BackendError, UpstreamQueryError) as error:
            gathered.gaps.append(failed(shard, error))
            continue
        gathered.add(outcome, envelope)
    complete = gathered.completeness(shards)
    complete.require(allow_partial=options.allow_partial)
    merged = merge_streams(sources, options.direction, options.limit)
    return MergedLines(merged, gathered.stats, Notes(tuple(gathered.warnings) + complete.warnings()), complete)


def source_of(
    shard: Shard, streams: Iterable[StreamBody], masked: Mapping[str, str], *, categorize: bool
) -> list[tuple[Labels, list[tuple[int, bytes]]]]:
    """Return a cluster's streams as the union would show them, each entry with its timestamp.

    With ``categorize`` parsed fields stand apart from the stream's labels, so a label of a hidden constant's name is
    what the backend shows in its place.
    """
    names = metadata_names(shard.hidden) if categorize else {}
    source = []
    for stream in streams:
        labels = union_labels(stream.stream, shard.added, shard.hidden, stream.stream if categorize else masked)
        entries = [(timestamp_ns(entry), entry) for entry in map(bytes, stream.values)]
        if names:
            entries = [(stamp, rename_metadata(entry, names)) for stamp, entry in entries]
        source.append((labels, entries))
    return source


async def read_page(
    shard: Shard,
    window: Window,
    options: LogsOptions,
    reached: Reached,
    deadline: Deadline,
    limit_bytes: int,
    headers: Mapping[str, str] = NO_HEADERS,
) -> list[Line] | Missing:
    """Return a page of one cluster's lines as the union would show them; raises what its error means for the query."""
    # a step means nothing to lines, but Loki wants at most 11,000 of them
    step_ms = max(1000, (window.end_ns - window.start_ns) // NS_PER_MS // MOST_STEPS)
    asked = replace(options, limit=window.limit, direction=window.direction)
    request = query_request(shard.query, LogsRange(window.start_ns, window.end_ns, step_ms), asked)
    request = replace(request, headers={**request.headers, **headers})
    (outcome,) = await ask([Call(reached.members[shard.cluster], request)], deadline, limit_bytes)
    if isinstance(outcome, Missing):
        return outcome
    masked = reached.masked.get(shard.cluster, {})

    def lines() -> list[Line]:
        found = source_of(shard, read_streams(outcome)[1], masked, categorize=options.categorize)
        return [(at_ns, labels, entry) for labels, entries in found for at_ns, entry in entries]

    try:
        return await asyncio.to_thread(lines) if len(outcome.body) > OFF_LOOP_BYTES else lines()
    except (BackendError, UpstreamQueryError) as error:
        return failed(shard, error)
