"""Printing data: tables for people, JSON, YAML and CSV for programs."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from lma.cli import console


def print_table(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    right: frozenset[str] = frozenset(),
    first_styles: Sequence[str] = (),
) -> None:
    """Print a table; the columns in ``right`` are aligned right. Piped, it is plain aligned text.

    ``first_styles`` are the styles of the first column, row by row.
    """
    if not console.is_terminal():
        print_aligned(columns, rows, right=right)
        return
    from rich import box  # noqa: PLC0415 — only for terminals
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False, show_edge=False)
    for column in columns:
        table.add_column(console.visible(column), justify="right" if column in right else "left", overflow="fold")
    for index, row in enumerate(rows):
        first = first_styles[index] if index < len(first_styles) else ""
        styles = (first, *("" for _ in row[1:]))
        table.add_row(*(Text(console.visible(cell), style) for cell, style in zip(row, styles, strict=True)))
    console.stdout().print(table)


def print_aligned(
    columns: Sequence[str], rows: Sequence[Sequence[str]], *, right: frozenset[str] = frozenset()
) -> None:
    """Print columns aligned by blanks, one row a line, whatever the width."""
    from rich.cells import cell_len  # noqa: PLC0415 — only for tables

    shown = [
        [console.visible(cell).replace("\n", "\\n").replace("\t", "\\t") for cell in row]
        for row in (tuple(columns), *rows)
    ]
    widths = [max(map(cell_len, cells)) for cells in zip(*shown, strict=True)]
    for row in shown:
        cells = (
            " " * (width - cell_len(cell)) + cell if column in right else cell + " " * (width - cell_len(cell))
            for column, cell, width in zip(columns, row, widths, strict=True)
        )
        console.write("  ".join(cells).rstrip() + "\n")


def print_json(value: Any) -> None:
    """Print one JSON document."""
    console.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def print_json_line(value: Any) -> None:
    """Print one JSON document on one line, and let it out at once."""
    console.write(json.dumps(value, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def print_yaml(value: Any, *, is_one_of_many: bool = False) -> None:
    """Print one YAML document."""
    import yaml  # noqa: PLC0415 — only for YAML

    text = yaml.safe_dump(value, sort_keys=False, allow_unicode=True, default_flow_style=False)
    console.write(f"---\n{text}" if is_one_of_many else text)


def print_csv(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print comma-separated values (quoted as RFC 4180 has it) with a header line."""
    for row in (columns, *rows):
        print_csv_row(row)


def print_csv_row(row: Sequence[str]) -> None:
    """Print one line of comma-separated values."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(row)
    console.write(buffer.getvalue())


def labels_text(labels: Mapping[str, str], *, without: frozenset[str] = frozenset()) -> str:
    """Return a label set as a selector would be written: ``up{job="shop"}``."""
    name = labels.get("__name__", "")
    pairs = ", ".join(
        f"{key}={json.dumps(value, ensure_ascii=False)}"
        for key, value in sorted(labels.items())
        if key != "__name__" and key not in without
    )
    return f"{name}{{{pairs}}}" if pairs or not name else name


def label_names(sets: Sequence[Mapping[str, str]]) -> list[str]:
    """Return the names of all labels, sorted, the metric name first."""
    return sorted({name for labels in sets for name in labels}, key=lambda name: (name != "__name__", name))


def label_cells(labels: Mapping[str, str], names: Sequence[str]) -> list[str]:
    """Return the values of the labels named, empty where there is none."""
    return [labels.get(name, "") for name in names]
