"""``lma gateway``: the query gateway alone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lma.cli.help_text import help_text

HELP = help_text(
    "Run the query gateway alone, over the clusters of a file; no database, no control plane.",
    ("lma gateway --config gateway.yaml", "answer on the file's `listen`"),
    ("lma gateway --config gateway.yaml --check", "check the file and exit"),
    ("lma gateway --config gateway.yaml --listen 127.0.0.1:0", "let the system choose the port"),
)


def gateway(
    config: Annotated[Path, typer.Option("--config", "-c", help="The gateway's file (YAML).", show_default=False)],
    listen: Annotated[
        str | None, typer.Option("--listen", metavar="HOST:PORT", help="Where to listen, instead of the file's.")
    ] = None,
    *,
    check: Annotated[bool, typer.Option("--check", help="Check the file, print what it says, and exit.")] = False,
) -> None:
    """Run the gateway."""
    from query.app.command import run  # noqa: PLC0415 — the server's libraries, for this command only

    raise typer.Exit(run(config, listen, check_only=check))
