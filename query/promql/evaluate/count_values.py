"""count_values: how often each value occurs in a group, the value as a label.

Follows ``aggregationCountValues`` of Prometheus' engine: the label is set before grouping, so it replaces a label of
that name, ``by`` always keeps it and ``without`` may drop it again. Values are told apart as they print: all NaN are
one, 0 and -0 are two.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from query.model.errors import ExecutionError
from query.model.float_histogram import FloatHistogram
from query.model.frames import Floats, Frame
from query.model.labels import Labels, drop
from query.promql.evaluate.grouping import group_rows
from query.promql.evaluate.native.layout import require_decided
from query.promql.evaluate.native.text import text
from query.promql.evaluate.relabel import is_label_name, set_label
from query.promql.evaluate.rows import METADATA_LABELS, Ints, fold, require_room
from query.syntax.numbers import format_float
from query.syntax.strings import quote


def count_values(label: str, frame: Frame, grouping: Sequence[str] = (), *, without: bool = False) -> Frame:
    """Return a series for each group and value, holding how many samples of the group have the value.

    ``LimitExceededError`` if there are too many different values.
    """
    if not is_label_name(label):
        raise ExecutionError(f"invalid label name {quote(label)}")
    bare = [drop(row, (label,)) for row in frame.labels]
    groups = group_rows(bare, grouping, without=without)
    is_dropped = without and (label in grouping or label in METADATA_LABELS)
    row, step = np.nonzero(frame.present)
    kinds_of, which = _kinds(frame, row, step)
    kinds = max(1, len(kinds_of))
    pairs, of_sample = np.unique(groups.of_row[row] * kinds + which, return_inverse=True)
    require_room("count_values", len(pairs), frame.grid.steps)
    texts = [""] * kinds if is_dropped else kinds_of
    count: Floats = np.zeros((len(pairs), frame.grid.steps))
    np.add.at(count, (of_sample, step), 1.0)
    labels = [
        set_label(groups.labels[group], label, texts[kind])
        for group, kind in (divmod(pair, kinds) for pair in pairs.tolist())
    ]
    if is_dropped:
        labels, count = _merged(labels, count)
    return fold(frame.grid, labels, count, count > 0)


def _kinds(frame: Frame, row: Ints, step: Ints) -> tuple[list[str], Ints]:
    """Return the texts of the different samples, and which of them each sample has."""
    values = frame.values[row, step]
    values[np.isnan(values)] = np.nan
    if frame.histograms is None:
        bits, which = np.unique(values.view(np.int64), return_inverse=True)
        return [format_float(value) for value in bits.view(np.float64).tolist()], which
    ordinals: dict[str, int] = {}
    held = frame.histograms[row, step].tolist()
    texts = (
        format_float(value) if histogram is None else _text(histogram)
        for value, histogram in zip(values.tolist(), held, strict=True)
    )
    which = np.fromiter((ordinals.setdefault(shown, len(ordinals)) for shown in texts), np.int64, len(held))
    return list(ordinals), which


def _text(histogram: FloatHistogram) -> str:
    require_decided(histogram)
    return text(histogram)


def _merged(labels: list[Labels], count: Floats) -> tuple[list[Labels], Floats]:
    """Add up the counts of equal label sets: what remains of the values once their label is dropped."""
    groups = group_rows(labels, (), without=True)
    total = np.zeros((len(groups.labels), count.shape[1]))
    np.add.at(total, groups.of_row, count)
    return list(groups.labels), total
