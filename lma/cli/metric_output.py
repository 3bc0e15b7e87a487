"""Results of metric queries, printed."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING

from lma.cli import console, tables
from lma.cli.failures import UsageError
from lma.cli.metric_documents import document, sample_text, value_text
from lma.cli.range_output import Span, print_range, print_range_csv
from lma.cli.values import rfc3339

if TYPE_CHECKING:
    from lma.client import MetricResult, Result, Sample, Vector


class QueryOutput(StrEnum):
    """How the result of a query is printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    YAML = "yaml"
    PLOT = "plot"


def print_result(
    result: MetricResult, output: QueryOutput | None, *, span: Span | None = None, is_ordered: bool = False
) -> None:
    """Print a result; ``is_ordered`` keeps the server's order of a vector, else it is sorted by labels."""
    from lma.client import Matrix, Vector  # noqa: PLC0415 — not for --help

    if output is QueryOutput.JSON:
        tables.print_json(document(result))
    elif output is QueryOutput.YAML:
        tables.print_yaml(document(result))
    elif isinstance(result, Matrix):
        if output is QueryOutput.CSV or span is None:
            print_range_csv(result)
        else:
            is_plotted = output is QueryOutput.PLOT or (output is None and console.is_terminal())
            print_range(result, span, is_plotted=is_plotted)
    elif output is QueryOutput.PLOT:
        raise UsageError("an instant has nothing to plot", "ask for a range: --range 1h")
    elif isinstance(result, Vector):
        _print_vector(result, output, is_ordered=is_ordered)
    elif output is QueryOutput.CSV:
        tables.print_csv(("time", "value"), [(rfc3339(result.time_s), value_text(result.value))])
    else:
        console.write(f"{console.visible(value_text(result.value))}\n")


def print_notes(result: Result) -> None:
    """Print what a person must know about a result to stderr: what is missing first, then warnings and infos."""
    out = console.stderr()
    whole = result.completeness
    if not whole.is_complete:
        asked = (
            f"{len(whole.answered)} of {len(whole.asked)} clusters answered" if whole.asked else "clusters are missing"
        )
        missing = ", ".join(f"{cluster} ({reason})" for cluster, reason in sorted(whole.missing.items()))
        text = f"INCOMPLETE: {asked}; missing: {missing}" if missing else f"INCOMPLETE: {asked}"
        out.print(console.visible(text), style="bold red", soft_wrap=True)
    for warning in result.warnings:
        out.print(f"warning: {console.visible(warning)}", style="yellow", soft_wrap=True)
    for info in result.infos:
        out.print(f"info: {console.visible(info)}", style="dim", soft_wrap=True)


def _print_vector(vector: Vector, output: QueryOutput | None, *, is_ordered: bool) -> None:
    samples: Sequence[Sample] = vector if is_ordered else sorted(vector, key=lambda s: sorted(s.labels.items()))
    names = tables.label_names([sample.labels for sample in samples])
    if output is QueryOutput.CSV:
        rows = [
            (*tables.label_cells(sample.labels, names), rfc3339(sample.time_s), sample_text(sample, is_exact=True))
            for sample in samples
        ]
        tables.print_csv((*names, "time", "value"), rows)
        return
    if not samples:
        console.stderr().print("no data: nothing matches, or nothing has a sample at this time")
        return
    rows_short = [(*tables.label_cells(s.labels, names), sample_text(s, is_exact=False)) for s in samples]
    tables.print_table((*names, "value"), rows_short, right=frozenset({"value"}))
