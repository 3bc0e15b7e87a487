"""Makes the answer of a LogQL query that selects lines, of what the clusters answered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from query.backends.base import BackendError
from query.backends.outcome import Answered, Missing
from query.execute.logs_answer import LogsAnswer
from query.execute.logs_fetch import Gathered, LogsOptions, Reached, failed
from query.logql.merge import merge_streams, union_labels
from query.logql.merge.relabel import metadata_names
from query.logql.plan import Shard
from query.model.frames import Notes
from query.model.labels import Labels
from query.wire.loki import StreamBody, read_streams, rename_metadata, stream_json, timestamp_ns
from query.wire.prometheus import UpstreamQueryError


class Lines:
    """Makes the answer of a query that selects lines."""

    def __init__(
        self,
        shards: Sequence[Shard],
        outcomes: Sequence[Answered | Missing],
        options: LogsOptions,
        reached: Reached,
    ) -> None:
        self._shards = shards
        self._outcomes = outcomes
        self._options = options
        self._reached = reached

    def answer(self) -> LogsAnswer:
        """Return the answer; raises what the clusters' errors, or gaps that can't be accepted, mean for it."""
        gathered = Gathered()
        sources = []
        for shard, outcome in zip(self._shards, self._outcomes, strict=True):
            if isinstance(outcome, Missing):
                gathered.gaps.append(outcome)
                continue
            try:
                envelope, streams = read_streams(outcome)
                sources.append(
                    source_of(
                        shard, streams, self._reached.masked.get(shard.cluster, {}), categorize=self._options.categorize
                    )
                )
            except (BackendError, UpstreamQueryError) as error:
                gathered.gaps.append(failed(shard, error))
                continue
            gathered.add(outcome, envelope)
        complete = gathered.completeness(self._shards)
        complete.require(allow_partial=self._options.allow_partial)
        merged = merge_streams(sources, self._options.direction, self._options.limit)
        elements = [stream_json(labels, entries) for labels, entries in merged]
        notes = Notes(tuple(gathered.warnings) + complete.warnings())
        return LogsAnswer("streams", elements, gathered.stats, notes, complete)


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
        entries = [(timestamp_ns(bytes(entry)), bytes(entry)) for entry in stream.values]
        if names:
            entries = [(stamp, rename_metadata(entry, names)) for stamp, entry in entries]
        source.append((labels, entries))
    return source
