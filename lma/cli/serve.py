"""``lma serve``: the whole service in one process."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lma.cli.help_text import help_text
from lma.cli.options import StateDirOption

HELP = help_text(
    "Run the service: query gateway, control plane and database in one process.\n\n"
    "At the first start an admin token is made, printed once, and kept in the state folder, where the other "
    "commands on this machine find it.",
    ("lma serve", "on 127.0.0.1:9090, state below ~/.local/state"),
    ("lma serve --listen 0.0.0.0:9090", "answer other machines too"),
    ("lma serve --config lma.yaml", "settings from a file"),
    ("lma serve --reset-admin-token", "a new token; the old one stops working"),
)


def serve(
    config: Annotated[Path | None, typer.Option("--config", "-c", help="Settings file (YAML).")] = None,
    listen: Annotated[
        str | None,
        typer.Option("--listen", metavar="HOST:PORT", help="Where to listen.", show_default="127.0.0.1:9090"),
    ] = None,
    state_dir: StateDirOption = None,
    *,
    reset_admin_token: Annotated[
        bool, typer.Option("--reset-admin-token", help="Make a new admin token and print it.")
    ] = False,
) -> None:
    """Run the service."""
    from lma.service.command import run  # noqa: PLC0415 — the server's libraries, for this command only

    raise typer.Exit(run(config=config, listen=listen, state_dir=state_dir, reset_admin_token=reset_admin_token))
