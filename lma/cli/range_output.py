"""Results of range queries, printed: a plot and a table of what each series did."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from lma.cli import console, tables
from lma.cli.metric_documents import histogram_text
from lma.cli.plot import LETTERS, Frame, Line, plot
from lma.cli.values import exact, rfc3339, short

if TYPE_CHECKING:
    from lma.client import Matrix, Series

MAX_DRAWN: Final = 20
PLOT_HEIGHT: Final = 15
COLOURS: Final = ("cyan", "green", "yellow", "magenta", "blue", "red", "bright_cyan", "bright_green")


@dataclass(frozen=True, slots=True)
class Span:
    """The range that was asked for, in seconds."""

    start_s: float
    end_s: float
    step_s: float


def print_range(matrix: Matrix, span: Span, *, is_plotted: bool) -> None:
    """Print a table of what each series did, below a plot of the first ones if wanted."""
    if not matrix:
        console.stderr().print("no data: nothing matches, or nothing has a sample in this range")
        return
    ordered = sorted(matrix, key=lambda series: sorted(series.labels.items()))
    if is_plotted:
        _print_plot(ordered, span)
    _print_summary(ordered, is_keyed=is_plotted)


def _print_plot(ordered: Sequence[Series], span: Span) -> None:
    from rich.text import Text  # noqa: PLC0415 — only for plots

    out = console.stdout()
    is_coloured = out.color_system is not None and not out.no_color
    is_dotted = is_coloured and "utf" in (sys.stdout.encoding or "").lower()
    width = min(out.width, 120) if console.is_terminal() else 80
    frame = Frame(span.start_s, span.end_s, span.step_s, width - 4, PLOT_HEIGHT, is_dotted=is_dotted)
    drawn = plot([Line(series.times_s, series.values) for series in ordered[:MAX_DRAWN]], frame)
    if not drawn:
        console.stderr().print("nothing to draw: no series has a finite value", style="dim")
    for segments in drawn:
        text = Text()
        for piece, owner in segments:
            text.append(piece, style="" if owner is None else COLOURS[owner % len(COLOURS)])
        out.print(text, soft_wrap=True)
    if len(ordered) > MAX_DRAWN:
        console.stderr().print(f"drawn: the first {MAX_DRAWN} of {len(ordered)} series", style="dim")


def _print_summary(ordered: Sequence[Series], *, is_keyed: bool) -> None:
    """Print last, min, max and avg of each series (of its finite samples; NaN if there are none)."""
    names = tables.label_names([series.labels for series in ordered])
    numbers = ("last", "min", "max", "avg", "samples")
    rows = []
    for index, series in enumerate(ordered):
        finite = [value for value in series.values if math.isfinite(value)]
        average = math.fsum(value / len(finite) for value in finite) if finite else math.nan
        bounds = (min(finite), max(finite), average) if finite else (math.nan, math.nan, math.nan)
        shown = [short(bound) for bound in bounds] if series.values else ["", "", ""]
        rows.append(
            (
                *((LETTERS[index % len(LETTERS)] if index < MAX_DRAWN else "",) if is_keyed else ()),
                *tables.label_cells(series.labels, names),
                _last_text(series),
                *shown,
                str(len(series.values) + len(series.histograms)),
            )
        )
    columns = (*(("line",) if is_keyed else ()), *names, *numbers)
    styles = [COLOURS[index % len(COLOURS)] for index in range(MAX_DRAWN)] if is_keyed else []
    tables.print_table(columns, rows, right=frozenset(numbers), first_styles=styles)


def print_range_csv(matrix: Matrix) -> None:
    """Print one line per sample."""
    names = tables.label_names([series.labels for series in matrix])
    rows = [
        (*tables.label_cells(series.labels, names), rfc3339(time_s), text)
        for series in matrix
        for time_s, text in sorted(
            [(t, exact(value)) for t, value in zip(series.times_s, series.values, strict=True)]
            + [(t, histogram_text(histogram)) for t, histogram in series.histograms]
        )
    ]
    tables.print_csv((*names, "time", "value"), rows)


def _last_text(series: Series) -> str:
    last_float = series.times_s[-1] if series.times_s else -math.inf
    if series.histograms and series.histograms[-1][0] > last_float:
        return histogram_text(series.histograms[-1][1])
    return short(series.values[-1]) if series.values else ""
