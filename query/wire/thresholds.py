"""Asking a cluster how wide the zero buckets of its native histograms are, where their JSON doesn't tell.

JSON leaves out an empty zero bucket, and with it the zero threshold, which decides what of another histogram a sum puts
into the zero bucket. But the text form of histograms shows the zero bucket unless its count is 0, and
``count_values`` puts it into a label; so for ``e`` a cluster is asked ``count_values without () ("…", (e) / 0)``: 0/0
is NaN, not 0, and dividing by 0 leaves no other bucket to be written. The answer says
``{count:+Inf, sum:NaN, [-0.001,0.001]:NaN}`` of a series at a step; exactly, for numbers are written so that they read
back the same.

An infinity instead of NaN tells that the bucket wasn't empty; a negative count is not in JSON either, so nothing is
told of it. Histograms with custom buckets have no text once divided by 0: the cluster fails, and nothing is told.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from query.model.time import MS_PER_S, Grid
from query.promql.syntax.nodes import Aggregate, Binary, Expr, NumberLiteral, Paren, StringLiteral
from query.wire.histogram_layout import Told
from query.wire.prometheus import SeriesBody

TEXT_LABEL: Final = "__lma_zero_bucket__"
METADATA_LABELS: Final = frozenset({"__name__", "__type__", "__unit__"})
_TEXT: Final = re.compile(r"\{count:[^,]*, sum:[^,]*, \[-?[^,\]]*,(?P<threshold>[^\]]*)\]:(?P<count>NaN|\+Inf)\}")
_CUSTOM: Final = b'[3,"-Inf"'
_points: Final = msgspec.json.Decoder(list[tuple[float, str]])
_point: Final = msgspec.json.Decoder(tuple[float, str])
_Key = frozenset[tuple[str, str]]


def has_custom_buckets(bodies: Sequence[SeriesBody]) -> bool:
    """Tell whether some histogram surely has custom buckets: only they include a lower bound of -Inf."""
    payloads = (payload for body in bodies for payload in (body.histogram, body.histograms))
    return any(_CUSTOM in bytes(payload) for payload in payloads if not isinstance(payload, msgspec.UnsetType))


def asking_thresholds(expr: Expr) -> Expr:
    """Return the expression that has a cluster write the zero buckets of another one's results."""
    divided = Binary("/", Paren(expr), NumberLiteral(0.0))
    return Aggregate("count_values", divided, StringLiteral(TEXT_LABEL), (), without=True)


class Thresholds:
    """What a cluster told, by series and step."""

    def __init__(self, bodies: Sequence[SeriesBody], grid: Grid) -> None:
        """Read the answer; ``ValueError`` or ``msgspec.MsgspecError`` if it is none to the question."""
        self._steps = grid.steps
        self._told: dict[_Key, list[Told | None]] = {}
        self._doubtful: dict[_Key, set[int]] = {}
        for body in bodies:
            found = _TEXT.fullmatch(body.metric.get(TEXT_LABEL, ""))
            if found is None:
                continue
            key = _key(body.metric)
            row = self._told.setdefault(key, [None] * grid.steps)
            for step in _steps(body, grid):
                if row[step] is not None:  # two series that differ in nothing but the name
                    self._doubtful.setdefault(key, set()).add(step)
                row[step] = Told(float(found["threshold"]))
        for key, steps in self._doubtful.items():
            for step in steps:
                self._told[key][step] = None

    def of(self, metric: Mapping[str, str]) -> Sequence[Told | None]:
        """Return what is known of a series, by step."""
        return self._told.get(_key(metric), [None] * self._steps)


def _key(metric: Mapping[str, str]) -> _Key:
    return frozenset((name, value) for name, value in metric.items() if name not in METADATA_LABELS | {TEXT_LABEL})


def _steps(body: SeriesBody, grid: Grid) -> list[int]:
    if not isinstance(body.values, msgspec.UnsetType):
        stamps = [stamp for stamp, _ in _points.decode(body.values)]
    elif not isinstance(body.value, msgspec.UnsetType):
        stamps = [_point.decode(body.value)[0]]
    else:
        stamps = []
    steps = [(round(stamp * MS_PER_S) - grid.start_ms) // grid.step_ms for stamp in stamps]
    if any(not 0 <= step < grid.steps for step in steps):
        raise ValueError("a timestamp is not one of those asked for")
    return steps
