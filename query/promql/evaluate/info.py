"""``info()``: labels of info series, added to the series they are about.

An info series is about those that have its ``instance`` and ``job``. Of several of one name the one with the newest
sample counts. Source: ``evalInfo`` in promql/info.go of Prometheus 3.16.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TypeAlias

import numpy as np

from query.model.errors import ExecutionError
from query.model.frames import Bools, Frame, Histograms
from query.model.labels import METRIC_NAME, Labels, as_labels, show
from query.model.samples import Ints, RawSeries
from query.promql.evaluate.ranges.windows import bounds
from query.promql.evaluate.rows import fold
from query.promql.evaluate.values import InfoMatchers, InfoRows
from query.promql.plan.windows import Window

IDENTIFYING: Final = ("instance", "job")
NONE: Final = -1
Identity: TypeAlias = tuple[str, str]
"""The values of the identifying labels, empty where a series lacks one."""


def sample_times(info: Frame, raw: RawSeries, window: Window) -> Ints:
    """Return ``int64[series, steps]``: when the sample that stands at a step was taken, in milliseconds."""
    if info.histograms is not None:
        row = int(np.flatnonzero(info.are_histograms().any(axis=1))[0])
        raise ExecutionError(f"this should be an info metric, with float samples: {show(info.labels[row])}")
    rows = {labels: row for row, labels in enumerate(raw.labels)}
    start, stop = bounds(raw, window, info.grid)
    times = np.zeros(info.values.shape, np.int64)
    for row, labels in enumerate(info.labels):
        if labels in rows:
            here = stop[rows[labels]] > start[rows[labels]]
            times[row, here] = raw.times_ms[stop[rows[labels]][here] - 1]
    return times


def join_info(base: Frame, rows: InfoRows) -> Frame:
    """Return the series of ``base`` with the labels that info series add to them, each step on its own."""
    info, matchers = rows.frame, rows.matchers
    is_plain = np.array([matchers.is_info(labels) for labels in base.labels], np.bool_)
    known = _newest(base, info, rows.times_ms, is_plain)
    labels: list[Labels] = []
    places: list[int] = []
    masks: list[Bools] = []
    for row, own in enumerate(base.labels):
        joined = [(own, base.present[row])] if is_plain[row] else _joined(base, row, info, known, matchers)
        for changed, mask in joined:
            labels.append(changed)
            places.append(row)
            masks.append(mask)
    if not labels:
        return Frame.empty(base.grid)
    histograms: Histograms | None = None if base.histograms is None else base.histograms[places]
    return fold(base.grid, labels, base.values[places], np.array(masks), histograms)


def _newest(base: Frame, info: Frame, times: Ints, is_plain: Bools) -> Mapping[str, Mapping[Identity, Ints]]:
    """Return by metric and identity which info row counts at each step, ``NONE`` where there is none."""
    wanted = _wanted([_identity(labels) for labels, plain in zip(base.labels, is_plain, strict=True) if not plain])
    matters = base.present.any(axis=0)
    known: dict[str, dict[Identity, Ints]] = {}
    for row, labels in enumerate(info.labels):
        identity = _identity(labels)
        if not any(_is_among(identity, group) for group in wanted):
            continue
        newest = known.setdefault(dict(labels).get(METRIC_NAME, ""), {})
        before = newest.setdefault(identity, np.full(info.grid.steps, NONE, np.int64))
        held = np.where(before == NONE, np.iinfo(np.int64).min, times[before, np.arange(info.grid.steps)])
        here = info.present[row]
        clash = np.flatnonzero(here & matters & (times[row] == held))
        if len(clash):
            step = int(clash[0])
            raise ExecutionError(
                f"found duplicate series for info metric: existing {show(info.labels[int(before[step])])} "
                f"@ {held[step]}, new {show(labels)} @ {times[row, step]}"
            )
        newest[identity] = np.where(here & (times[row] > held), row, before)
    return known


def _wanted(identities: Sequence[Identity]) -> list[tuple[set[str], set[str]]]:
    """Return the identities to look for: those with the same labels present go together, value by value."""
    groups: dict[tuple[bool, ...], tuple[set[str], set[str]]] = {}
    for identity in identities:
        if any(identity):
            group = groups.setdefault(tuple(map(bool, identity)), (set(), set()))
            for values, value in zip(group, identity, strict=True):
                values.add(value)
    return list(groups.values())


def _is_among(identity: Identity, group: tuple[set[str], set[str]]) -> bool:
    return all(value in values for value, values in zip(identity, group, strict=True))


def _joined(
    base: Frame, row: int, info: Frame, known: Mapping[str, Mapping[Identity, Ints]], matchers: InfoMatchers
) -> Iterator[tuple[Labels, Bools]]:
    """Yield each label set that a series gets, and the steps at which it does."""
    own, present = base.labels[row], base.present[row]
    nothing = np.full(base.grid.steps, NONE, np.int64)
    chosen = [newest.get(_identity(own), nothing) for newest in known.values()]
    columns = np.array(chosen, np.int64).reshape(len(chosen), base.grid.steps)
    for combination in np.unique(columns[:, present], axis=1).T.tolist() if present.any() else ():
        found = [index for index in combination if index != NONE]
        if not found and not matchers.are_optional:
            continue
        mask: Bools = present & np.all(columns == np.array(combination, np.int64)[:, None], axis=0)
        yield _enriched(own, [info.labels[index] for index in found], matchers), mask


def _enriched(own: Labels, infos: Sequence[Labels], matchers: InfoMatchers) -> Labels:
    added: dict[str, str] = {}
    before = dict(own)
    for name, value in (pair for labels in infos for pair in labels if matchers.wants(pair[0])):
        if added.get(name, value) != value:
            raise ExecutionError(f"conflicting label: {name}")
        if name not in before:
            added[name] = value
    return as_labels(before | added) if added else own


def _identity(labels: Labels) -> Identity:
    held = dict(labels)
    return held.get(IDENTIFYING[0], ""), held.get(IDENTIFYING[1], "")
