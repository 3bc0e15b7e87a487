"""Frames written as tables: ``table({'up{job="a"}': [1, None, NAN]})`` and back with ``cells``."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from query.model.frames import Frame
from query.model.labels import METRIC_NAME, Labels, as_labels
from query.model.time import Grid
from query.promql.evaluate import Evaluation, evaluate
from query.promql.syntax.nodes import Expr, Placed

NAN = math.nan
INF = math.inf
Cells = dict[str, list[float | None]]

_SERIES = re.compile(r"(?P<name>[^{]*)(?:\{(?P<labels>.*)\})?\Z", re.DOTALL)
_PAIR = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def grid(steps: int) -> Grid:
    """Return a grid from 0 on, a step a second; one step makes an instant query."""
    return Grid.instant(0) if steps == 1 else Grid(0, (steps - 1) * 1000, 1000)


def series(text: str) -> Labels:
    match = _SERIES.match(text)
    assert match is not None
    return as_labels({METRIC_NAME: match["name"], **dict(_PAIR.findall(match["labels"] or ""))})


def name_of(labels: Labels) -> str:
    pairs = dict(labels)
    name = pairs.pop(METRIC_NAME, "")
    return name + ("{" + ",".join(f'{key}="{value}"' for key, value in pairs.items()) + "}" if pairs else "")


def table(rows: Mapping[str, Sequence[float | None]], steps: int | None = None) -> Frame:
    """Return a frame; None is "no sample". Without rows, ``steps`` says how many there are."""
    width = steps or len(next(iter(rows.values())))
    return of_rows([(series(name), values) for name, values in rows.items()], grid(width))


def of_rows(rows: Sequence[tuple[Labels, Sequence[float | None]]], on: Grid) -> Frame:
    if not rows:
        return Frame.empty(on)
    values = np.array([[0.5 if cell is None else cell for cell in row] for _, row in rows], np.float64)
    present = np.array([[cell is not None for cell in row] for _, row in rows], np.bool_)
    return Frame(on, tuple(labels for labels, _ in rows), values, present)


def cells(frame: Frame) -> Cells:
    """Return what a frame holds, rows in their order; every NaN is the one that equals itself in a list."""
    return {name_of(labels): row for labels, row in zip(frame.labels, rows_of(frame), strict=True)}


def rows_of(frame: Frame) -> list[list[float | None]]:
    return [
        [(NAN if math.isnan(value) else value) if here else None for value, here in zip(values, present, strict=True)]
        for values, present in zip(frame.values.tolist(), frame.present.tolist(), strict=True)
    ]


@dataclass(frozen=True, eq=False)
class Given(Placed):
    """A leaf with its data at hand."""

    frame: Frame

    def describe(self) -> str:
        return "given"


def run(expr: Expr, on: Grid) -> Evaluation:
    """Evaluate an expression whose leaves are ``Given``."""
    return evaluate(expr, on, leaf)


def leaf(node: Placed) -> Frame:
    assert isinstance(node, Given)
    return node.frame
