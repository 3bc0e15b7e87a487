"""Line plots in a terminal.

Drawn here and not by a plotting library: what a query gives has gaps, NaN, infinities and values near the ends of
float64, and the plotting library at hand ends the process on a NaN. A plot here is lines of plain segments, so it
prints the same coloured, without colours (each series is then a letter instead of dots), and in a test.

The y axis is linear from the smallest to the largest finite value; a line is broken where samples are missing for more
than a step; values that are not finite are left out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from lma.cli.values import moment, short

Segment = tuple[str, int | None]
"""A piece of text and the index of the series it belongs to."""

LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
MANY: Final = "*"
Y_TICK_ROWS: Final = 4
HALF_A_DAY_S: Final = 43_200
_GAP_STEPS: Final = 1.5
_BRAILLE: Final = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
_DOTS_X: Final = 2
_DOTS_Y: Final = 4


@dataclass(frozen=True, slots=True)
class Line:
    """One series: times in seconds, rising, and a value for each."""

    times_s: Sequence[float]
    values: Sequence[float]


@dataclass(frozen=True, slots=True)
class Frame:
    """What the plot covers: times, the query's step, and the size in characters, axes included."""

    start_s: float
    end_s: float
    step_s: float
    width: int
    height: int
    is_dotted: bool = True


def plot(lines: Sequence[Line], frame: Frame) -> list[list[Segment]]:
    """Return the plot, line by line from the top; empty if there is nothing finite to draw."""
    finite = [value for line in lines for value in line.values if math.isfinite(value)]
    if not finite:
        return []
    low, high = _bounds(min(finite), max(finite))
    rows = max(frame.height - 2, Y_TICK_ROWS + 1)
    rows -= (rows - 1) % Y_TICK_ROWS
    ticks = {row: short(_tick(low, high, 1 - row / (rows - 1))) for row in range(0, rows, Y_TICK_ROWS)}
    margin = max(map(len, ticks.values())) + 1
    columns = max(frame.width - margin - 1, 10)
    canvas = _Canvas(columns, rows, is_dotted=frame.is_dotted)
    for index, line in enumerate(lines):
        _draw(canvas, index, line, frame, low, high)
    body = [
        [(f"{ticks.get(row, ''):>{margin - 1}} {'┤' if row in ticks else '│'}", None), *canvas.row(row)]
        for row in range(rows)
    ]
    return [*body, [(" " * margin + "└" + "─" * columns, None)], [(_time_axis(frame, margin, columns), None)]]


class _Canvas:
    """Dots (2 by 4 to a character) or letters; a character belongs to the series drawn into it last."""

    def __init__(self, columns: int, rows: int, *, is_dotted: bool) -> None:
        self._is_dotted = is_dotted
        self._scale_x = _DOTS_X if is_dotted else 1
        self._scale_y = _DOTS_Y if is_dotted else 1
        self.width = columns * self._scale_x
        self.height = rows * self._scale_y
        self._bits = [[0] * columns for _ in range(rows)]
        self._owner: list[list[int | None]] = [[None] * columns for _ in range(rows)]

    def set(self, x: int, y: int, owner: int) -> None:
        """Draw a dot; ``y`` counts from the top."""
        row, column = y // self._scale_y, x // self._scale_x
        before = self._owner[row][column]
        if self._is_dotted:
            self._bits[row][column] |= _BRAILLE[y % _DOTS_Y][x % _DOTS_X]
        else:
            letter = ord(LETTERS[owner % len(LETTERS)])
            self._bits[row][column] = letter if before in {None, owner} else ord(MANY)
        self._owner[row][column] = owner

    def row(self, row: int) -> list[Segment]:
        """Return a row as segments of one owner each."""
        segments: list[Segment] = []
        for bits, owner in zip(self._bits[row], self._owner[row], strict=True):
            text = chr((0x2800 if self._is_dotted else 0) + bits) if bits else " "
            if segments and segments[-1][1] == owner:
                segments[-1] = (segments[-1][0] + text, owner)
            else:
                segments.append((text, owner))
        return segments


def _draw(canvas: _Canvas, index: int, line: Line, frame: Frame, low: float, high: float) -> None:
    before: tuple[float, int, int] | None = None
    length_s = frame.end_s - frame.start_s
    for time_s, value in zip(line.times_s, line.values, strict=True):
        if not math.isfinite(value) or not frame.start_s <= time_s <= frame.end_s:
            before = None
            continue
        share = (time_s - frame.start_s) / length_s if length_s > 0 else 0.0
        x = round(share * (canvas.width - 1))
        y = round((1 - (value / 2 - low / 2) / (high / 2 - low / 2)) * (canvas.height - 1))
        if before is not None and time_s - before[0] <= frame.step_s * _GAP_STEPS:
            _connect(canvas, index, before[1:], (x, y))
        else:
            canvas.set(x, y, index)
        before = (time_s, x, y)


def _connect(canvas: _Canvas, index: int, start: tuple[int, int], end: tuple[int, int]) -> None:
    steps = max(abs(end[0] - start[0]), abs(end[1] - start[1]), 1)
    for step in range(steps + 1):
        x = start[0] + round((end[0] - start[0]) * step / steps)
        y = start[1] + round((end[1] - start[1]) * step / steps)
        canvas.set(x, y, index)


def _bounds(low: float, high: float) -> tuple[float, float]:
    """Return bounds that are not equal, also where adding 1 changes nothing."""
    if high > low and high / 2 - low / 2 > 0:
        return low, high
    room = max(1.0, abs(low) / 10)
    return max(low - room, -1.7e308), min(high + room, 1.7e308)


def _tick(low: float, high: float, share: float) -> float:
    return low * (1 - share) + high * share


def _time_axis(frame: Frame, margin: int, columns: int) -> str:
    is_dated = frame.end_s - frame.start_s > HALF_A_DAY_S
    start, middle, end = (
        moment(time_s)[0 if is_dated else 11 : 16 if is_dated else 19]
        for time_s in (frame.start_s, (frame.start_s + frame.end_s) / 2, frame.end_s)
    )
    axis = [" "] * (columns + 1)
    axis[: len(start)] = start
    axis[len(axis) - len(end) :] = end
    at = (len(axis) - len(middle)) // 2
    if at > len(start) and at + len(middle) < len(axis) - len(end):
        axis[at : at + len(middle)] = middle
    return " " * margin + "".join(axis) + " UTC"
