"""Print the results as tables, and keep them as JSON for the next run to be compared with."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.contenders import Contender
from bench.measure import Measured, Results


def print_tables(console: Console, results: Results, peaks: Mapping[str, int]) -> None:
    """Print times with their ratios, CPU, and peak memory."""
    console.print(_times(results))
    console.print(_cpu(results))
    memory = Table(title="Peak resident memory over the whole run")
    memory.add_column("process")
    memory.add_column("MiB", justify="right")
    for name, peak in peaks.items():
        memory.add_row(name, f"{peak / (1 << 20):.0f}")
    console.print(memory)


def print_comparison(console: Console, now: Mapping[str, Any], before: Mapping[str, Any]) -> None:
    """Print how the ratios, which survive a change of machine better than times, moved since a stored run."""
    table = Table(title=f"Ratios of medians, and what they were on {before['when']}")
    for column in ("question", "gateway / bare", "then", "gateway / thanos", "then"):
        table.add_column(column, justify="left" if column == "question" else "right")
    for question, measured in now["questions"].items():
        then = before["questions"].get(question, {}).get("ratios", {})
        cells = []
        for ratio in ("gateway/bare", "gateway/thanos"):
            cells += [f"{measured['ratios'][ratio]:.2f}", f"{then[ratio]:.2f}" if ratio in then else "-"]
        table.add_row(question, *cells)
    if now["settings"] != before["settings"]:
        console.print(f"[yellow]other settings than then: {now['settings']}, then {before['settings']}[/yellow]")
    console.print(table)


def load(path: Path) -> dict[str, Any]:
    """Return a document that ``save`` wrote."""
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


def _times(results: Results) -> Table:
    table = Table(title="Median time of a request, ms; the ratios are of these medians")
    for column in ("question", "bare client", "gateway", "thanos query", "gateway / bare", "gateway / thanos", "kB"):
        table.add_column(column, justify="left" if column == "question" else "right")
    for question, by_name in results.items():
        bare, gateway, thanos = (by_name[name] for name in ("bare client", "gateway", "thanos query"))
        table.add_row(
            question,
            *(f"{one.median_ms:.2f}" for one in (bare, gateway, thanos)),
            f"{gateway.median_ms / bare.median_ms:.2f}",
            f"{gateway.median_ms / thanos.median_ms:.2f}",
            f"{gateway.bytes_read / 1000:.0f}",
        )
    return table


def _cpu(results: Results) -> Table:
    table = Table(title="CPU of a request, ms: in front (gateway; Thanos Query and its sidecars) + in the clusters")
    for column in ("question", "bare client", "gateway", "thanos query"):
        table.add_column(column, justify="left" if column == "question" else "right")
    for question, by_name in results.items():
        table.add_row(
            question,
            *(f"{one.front_cpu_ms:.1f} + {one.clusters_cpu_ms:.1f}" for one in by_name.values()),
        )
    return table


def as_document(
    results: Results, peaks: Mapping[str, int], contenders: Sequence[Contender], settings: Mapping[str, Any]
) -> dict[str, Any]:
    """Return everything as plain data, with what is needed to judge it later."""
    return {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"cpus": os.cpu_count(), "system": platform.platform(), "python": platform.python_version()},
        "settings": dict(settings),
        "contenders": [one.name for one in contenders],
        "questions": {
            question: {name: _as_data(measured) for name, measured in by_name.items()} | {"ratios": _ratios(by_name)}
            for question, by_name in results.items()
        },
        "peak_memory_bytes": dict(peaks),
    }


def _ratios(by_name: Mapping[str, Measured]) -> dict[str, float]:
    gateway = by_name["gateway"].median_ms
    return {
        "gateway/bare": round(gateway / by_name["bare client"].median_ms, 3),
        "gateway/thanos": round(gateway / by_name["thanos query"].median_ms, 3),
    }


def _as_data(measured: Measured) -> dict[str, Any]:
    return {
        "median_ms": round(measured.median_ms, 3),
        "front_cpu_ms": round(measured.front_cpu_ms, 3),
        "clusters_cpu_ms": round(measured.clusters_cpu_ms, 3),
        "bytes": measured.bytes_read,
        "wall_ms": [round(seconds * 1000, 3) for seconds in measured.wall_s],
    }


def save(document: Mapping[str, Any], path: Path) -> None:
    """Write the document, readable by people too."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
