"""The values of lines, fetched for what only the gateway can compute (``query.logql.plan.sample_ranges``).

Every cluster's lines of the whole span are read by pages, at most ``limits.sample_lines`` in all. Of each line only
its time, its value and its group's labels are kept.
"""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from query.backends.base import Deadline
from query.backends.outcome import Missing
from query.execute.logs_fetch import LogsOptions, LogsRange, Reached
from query.execute.logs_lines import read_page
from query.execute.logs_pages import GapError, Line, Window, read_pages
from query.execute.logs_windows import over_windows
from query.execute.settings import ExecuteSettings
from query.logql.detect.conversions import CONVERSIONS
from query.logql.detect.fields import DetectableLine
from query.logql.merge import Direction
from query.logql.plan import Sampled, Shard
from query.logql.syntax.nodes import Grouping
from query.model.clusters import ClusterName
from query.model.errors import BadQueryError, LimitExceededError
from query.model.frames import Frame
from query.model.labels import Labels
from query.model.time import NS_PER_MS, Grid
from query.syntax.strings import quote
from query.wire.loki_discovery import detectable_line

ERROR: Final = "__error__"
DETAILS: Final = "__error_details__"
Group = tuple["array[int]", "array[float]"]


class Budget:
    """How many more lines a query may read."""

    def __init__(self, lines: int) -> None:
        self._lines = self._left = lines

    def spend(self, lines: int) -> None:
        """Take from it; ``LimitExceededError`` if it is used up."""
        self._left -= lines
        if self._left < 0:
            raise LimitExceededError(
                "sample_lines",
                self._lines,
                f"it is computed from the lines of several clusters, and there are more than {self._lines} of them; "
                "keep the partition label, select fewer lines or less time, or raise limits.sample_lines",
            )


@dataclass(slots=True)
class SampledLines:
    """What was read for one leaf: times and values of each group, cluster by cluster, and who did not answer."""

    leaf: Sampled
    parts: dict[ClusterName, dict[Labels, Group]] = field(default_factory=dict)
    gaps: list[Missing] = field(default_factory=list)

    def frame(self, grid: Grid, without: frozenset[ClusterName]) -> Frame:
        """Return the operation's result over the clusters but those in ``without``."""
        groups: dict[Labels, list[Group]] = {}
        for name, part in self.parts.items():
            if name not in without:
                for labels, group in part.items():
                    groups.setdefault(labels, []).append(group)
        ends_ns = np.asarray(grid.times_ms(), np.int64) * NS_PER_MS - self.leaf.expr.range.offset_ns
        rows = [self._row(found, ends_ns) for found in groups.values()]
        if not rows:
            return Frame.empty(grid)
        return Frame.of(grid, tuple(groups), np.stack([row for row, _ in rows]), np.stack([row for _, row in rows]))

    def _row(self, found: Sequence[Group], ends_ns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        times_ns = np.concatenate([np.frombuffer(times, np.int64) for times, _ in found])
        values = np.concatenate([np.frombuffer(values, np.float64) for _, values in found])
        order = np.argsort(times_ns, kind="stable")
        expr = self.leaf.expr
        return over_windows(expr.op, expr.param or 0.0, times_ns[order], values[order], ends_ns, expr.range.interval_ns)


async def read_samples(
    leaf: Sampled, when: LogsRange, options: LogsOptions, reached: Reached, settings: ExecuteSettings, budget: Budget
) -> SampledLines:
    """Read a leaf's lines, all clusters side by side."""
    found = SampledLines(leaf)
    reading = replace(options, categorize=True, interval_ms=0, direction=Direction.FORWARD)
    deadline = Deadline.after(options.timeout_s)

    async def read(shard: Shard) -> None:
        if shard.cluster not in reached.members:
            found.gaps.append(reached.missing[shard.cluster])
            return
        part = _Part(leaf)

        async def ask_page(window: Window) -> list[Line] | Missing:
            cluster_deadline = deadline.capped(settings.cluster_timeout_s)
            return await read_page(shard, window, reading, reached, cluster_deadline, settings.response_bytes)

        log_range = leaf.expr.range
        start_ns = when.start_ns - log_range.offset_ns - log_range.interval_ns + 1
        end_ns = when.end_ns - log_range.offset_ns + 1
        try:
            async with aclosing(read_pages(ask_page, start_ns, end_ns, settings.log_lines)) as pages:
                async for page in pages:
                    if page.overfull_ns is not None:
                        text = f"more than {settings.log_lines} lines have the time {page.overfull_ns}"
                        raise LimitExceededError("log_lines", settings.log_lines, text)
                    budget.spend(len(page.lines))
                    await asyncio.to_thread(part.take, page.lines)
        except GapError as error:
            found.gaps.append(error.missing)
        else:
            found.parts[shard.cluster] = part.groups

    async with asyncio.TaskGroup() as group:
        for shard in leaf.shards:
            group.create_task(read(shard))
    return found


class _Part:
    """One cluster's values by group."""

    def __init__(self, leaf: Sampled) -> None:
        unwrap = leaf.expr.range.unwrap
        if unwrap is None:
            raise TypeError("only values of unwrapped labels are sampled")
        self._leaf = leaf
        self._label = unwrap.label
        self._convert = CONVERSIONS[unwrap.conversion]
        self.groups: dict[Labels, Group] = {}

    def take(self, lines: Iterable[Line]) -> None:
        """Take the values of lines; ``BadQueryError`` for a line that would fail the query in one Loki."""
        for at_ns, stream, entry in sorted(lines, key=lambda line: line[0]):
            line = detectable_line(stream, entry)
            labels = {**dict(stream), **line.metadata, **line.parsed}
            text = labels.get(self._label, "")
            if not text:
                continue
            value = self._convert(text)
            error = "SampleExtractionErr" if value is None else self._error(labels, line)
            if error and self._leaf.skips_errors:
                continue
            group = _group(labels, self._label, self._leaf.expr.grouping)
            if error or value is None:
                raise BadQueryError(_pipeline_error(error, group))
            times, values = self.groups.setdefault(group, (array("q"), array("d")))
            times.append(at_ns)
            values.append(value)

    def _error(self, labels: Mapping[str, str], line: DetectableLine) -> str:
        """Return the error a metric query would have seen on the line."""
        error = labels.get(ERROR, "")
        if error and self._leaf.needed and self._leaf.needed <= line.parsed.keys():
            return ""
        return error


def _group(labels: Mapping[str, str], unwrapped: str, grouping: Grouping | None) -> Labels:
    if grouping is None or grouping.without:
        left_out = {unwrapped, ERROR, DETAILS, *(grouping.labels if grouping else ())}
        return tuple(sorted((name, value) for name, value in labels.items() if name not in left_out))
    return tuple((name, labels[name]) for name in sorted(grouping.labels) if name in labels)


def _pipeline_error(error: str, labels: Labels) -> str:
    shown = ", ".join(f"{name}={quote(value)}" for name, value in labels)
    return (
        f"pipeline error: '{error}' for series: '{{{shown}}}'.\n"
        "Use a label filter to intentionally skip this error. "
        f'(e.g | __error__!="{error}").\n'
        'To skip all potential errors you can match empty errors.(e.g __error__="")\n'
        'The label filter can also be specified after unwrap. (e.g | unwrap latency | __error__="" )\n'
    )
