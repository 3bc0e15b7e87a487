"""The command ``python -m bench``."""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from pathlib import Path

from rich.console import Console

import lma.parts
from bench.clusters import start
from bench.measure import measure
from bench.questions import QUESTIONS
from bench.report import as_document, load, print_comparison, print_tables, save
from bench.usage import peak_memory_bytes, reset_peak
from lma.demo.ports import Ports
from lma.demo.processes import ProcessGroup

STORED = Path(__file__).parent / "stored.json"
PAPER_COLUMNS = 120
"""Width of the tables where the output goes to a file or a pipe."""


def main() -> None:
    """Read the arguments and run."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--clusters", type=int, default=3, help="how many clusters (default: %(default)s)")
    parser.add_argument("--series", type=int, default=4_000, help="counters per cluster (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=15, help="rounds to take the medians of (default: %(default)s)")
    parser.add_argument("--only", default="", metavar="TEXT", help="only questions whose name contains TEXT")
    parser.add_argument("--json", type=Path, default=Path("build/bench.json"), help="where to write the results")
    parser.add_argument(
        "--before", type=Path, default=STORED, help="results of an earlier run to compare with (default: %(default)s)"
    )
    asyncio.run(_run(parser.parse_args()))


async def _run(arguments: argparse.Namespace) -> None:
    console = Console()
    if not console.is_terminal:
        console = Console(width=PAPER_COLUMNS)
    questions = [question for question in QUESTIONS if arguments.only in question.name]
    binaries = lma.parts.ensure(["prometheus", "promtool", "thanos"])
    settings = {"clusters": arguments.clusters, "series": arguments.series, "rounds": arguments.rounds}
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="lma-bench-") as folder, Ports() as ports:
        async with ProcessGroup() as group:
            console.print(f"{arguments.clusters} clusters with {arguments.series} counters each: making the data …")
            field = await start(group, ports, binaries, Path(folder), arguments.clusters, arguments.series)
            for pid in field.pids.values():
                reset_peak(pid)
            results = await measure(
                field.contenders,
                questions,
                field.cluster_pids,
                arguments.rounds,
                lambda text: console.print(f"[dim]{text}[/dim]"),
            )
            peaks = {name: peak_memory_bytes(pid) for name, pid in field.pids.items()}
    print_tables(console, results, peaks)
    document = as_document(results, peaks, field.contenders, settings)
    if arguments.before.exists():
        print_comparison(console, document, load(arguments.before))
    save(document, arguments.json)
    console.print(f"written to {arguments.json} after {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
