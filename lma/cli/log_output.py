"""Log lines, printed: for people with colours by cluster and level, for programs as JSON, YAML or CSV."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from lma.cli import console, tables

if TYPE_CHECKING:
    from rich.text import Text

    from lma.client import LogLine


class LogOutput(StrEnum):
    """How log lines are printed; ``json`` is one object per line, ``raw`` the lines alone."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    YAML = "yaml"
    RAW = "raw"


CLUSTER: Final = "cluster"
LEVELS: Final = ("detected_level", "level", "severity")
LEVEL_STYLES: Final = {
    "critical": "bold white on red",
    "fatal": "bold white on red",
    "error": "bold red",
    "warn": "yellow",
    "warning": "yellow",
    "info": "green",
    "debug": "dim",
    "trace": "dim",
}
CLUSTER_COLOURS: Final = ("cyan", "magenta", "blue", "green", "yellow", "bright_cyan", "bright_magenta", "bright_blue")
_HIDDEN: Final = frozenset({CLUSTER, *LEVELS, "service_name"})
_CSV_COLUMNS: Final = ("time", "labels", "line")


class LogPrinter:
    """Prints lines as they come; ``hidden`` labels (those all lines share) are left out of tables."""

    def __init__(self, output: LogOutput, *, hidden: frozenset[str] = frozenset()) -> None:
        self._output = output
        self._hidden = hidden
        self._console = console.stdout()
        if output is LogOutput.CSV:
            tables.print_csv(_CSV_COLUMNS, [])

    def print(self, lines: Sequence[LogLine]) -> None:
        """Print lines and let them out at once."""
        for line in lines:
            self._print_line(line)
        sys.stdout.flush()

    def _print_line(self, line: LogLine) -> None:
        match self._output:
            case LogOutput.RAW:
                console.write(f"{line.line}\n")
            case LogOutput.JSON:
                tables.print_json_line(document(line))
            case LogOutput.YAML:
                tables.print_yaml(document(line), is_one_of_many=True)
            case LogOutput.CSV:
                labels = tables.labels_text({**line.labels, **line.metadata})
                tables.print_csv_row((time_text(line.time_ns), labels, line.line))
            case LogOutput.TABLE:
                if console.is_terminal():
                    self._console.print(styled(line, self._hidden), soft_wrap=True)
                else:
                    console.write(styled(line, self._hidden).plain + "\n")


def styled(line: LogLine, hidden: frozenset[str]) -> Text:
    """Return a line as a person reads it: time, cluster, level, the stream's other labels, text."""
    from rich.text import Text  # noqa: PLC0415 — not for --help

    every = {**line.labels, **line.metadata}
    text = Text()
    text.append(time_text(line.time_ns)[:23] + "Z", style="dim")
    if cluster := every.get(CLUSTER):
        text.append(f"  {console.visible(cluster)}", style=cluster_colour(cluster))
    level = next((every[name] for name in LEVELS if every.get(name)), "")
    style = LEVEL_STYLES.get(level.lower(), "")
    if level and level.lower() != "unknown":
        text.append(f"  {console.visible(level.upper()):<5}", style=style or "bold")
    rest = {name: value for name, value in line.labels.items() if name not in hidden and name not in _HIDDEN}
    if rest:
        text.append(f"  {console.visible(short_labels(rest))}", style="dim")
    body = console.visible(line.line.rstrip("\n")).replace("\n", "\n    ")
    text.append("  ")
    text.append(body, style="red" if "red" in style else "dim" if style == "dim" else "")
    return text


def document(line: LogLine) -> dict[str, Any]:
    """Return a line as a document; ``time_ns`` is text, because JSON readers round large numbers."""
    value: dict[str, Any] = {
        "time": time_text(line.time_ns),
        "time_ns": str(line.time_ns),
        "labels": dict(line.labels),
        "line": line.line,
    }
    if line.metadata:
        value["metadata"] = dict(line.metadata)
    return value


def time_text(time_ns: int) -> str:
    """Return a time in RFC 3339, UTC, to the nanosecond."""
    from lma.client.times import NS_PER_S, to_datetime  # noqa: PLC0415 — not for --help

    try:
        whole = to_datetime(time_ns // NS_PER_S * NS_PER_S).strftime("%Y-%m-%dT%H:%M:%S")
    except (ValueError, OverflowError, OSError):
        return str(time_ns)
    return f"{whole}.{time_ns % NS_PER_S:09d}Z"


def short_labels(labels: Mapping[str, str]) -> str:
    """Return labels as ``app=shop pod=shop-1``."""
    return " ".join(f"{name}={value}" for name, value in sorted(labels.items()))


def cluster_colour(cluster: str) -> str:
    """Return the colour of a cluster: the same in every run."""
    return CLUSTER_COLOURS[zlib.crc32(cluster.encode()) % len(CLUSTER_COLOURS)]


def shared_labels(sets: Sequence[Mapping[str, str]]) -> frozenset[str]:
    """Return the labels that are the same everywhere, where there is more than one label set."""
    if len(sets) < 2:  # noqa: PLR2004 — one set shares all with itself
        return frozenset()
    first, *others = sets
    return frozenset(name for name, value in first.items() if all(s.get(name) == value for s in others))
