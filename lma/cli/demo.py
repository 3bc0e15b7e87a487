"""``lma demo``: a playground of real servers acting as clusters."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lma.cli.help_text import help_text

HELP = help_text(
    "Run a playground: three clusters of real Prometheus, Thanos and Loki processes with a small workload, and the "
    "service over them.\n\n"
    "Missing programs are built first, once. Ctrl-C stops everything that was started.",
    ("lma demo", "start, print what to try, keep running"),
    ("lma demo --check", "start, ask, print the answers, stop; exit code 0 or 1"),
    ("lma demo --port 9090", "the service on a port of your choice"),
)


def demo(
    port: Annotated[
        int | None,
        typer.Option("--port", min=0, max=65535, help="Port of the service.", show_default="chosen by the system"),
    ] = None,
    state_dir: Annotated[
        Path | None, typer.Option("--state-dir", help="Folder for data and logs.", show_default="a temporary one")
    ] = None,
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Ask a fixed list of questions, stop, and exit 0 or 1.")
    ] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Leave data and logs on disk at the end.")] = False,
) -> None:
    """Run the demo."""
    from lma.demo.command import run  # noqa: PLC0415 — its libraries, for this command only

    raise typer.Exit(run(check=check, port=port, state_dir=state_dir, keep=keep))
