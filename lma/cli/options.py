"""Options that several commands share, and what they settle into.

``--url`` and ``--token`` may stand before or after the command's name; the place after wins, then the place before,
then the environment, which is therefore read in one place only.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final, TypeAlias

import typer

DEFAULT_URL: Final = "http://127.0.0.1:9090"
TOKEN_FILE: Final = "admin-token"  # noqa: S105 — the name of a file, written by `lma serve`
SERVER: Final = "Server"


class Output(StrEnum):
    """How data is printed."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"


_URL_HELP: Final = "Root URL of the server."
_TOKEN_HELP: Final = "Bearer token. For a server on this machine the admin token that `lma serve` keeps is the default."  # noqa: S105 — a help text
GlobalUrlOption: TypeAlias = Annotated[
    str | None,
    typer.Option("--url", envvar="LMA_URL", help=_URL_HELP, show_default=DEFAULT_URL, rich_help_panel=SERVER),
]
GlobalTokenOption: TypeAlias = Annotated[
    str | None,
    typer.Option("--token", envvar="LMA_TOKEN", help=_TOKEN_HELP, show_default=False, rich_help_panel=SERVER),
]
UrlOption: TypeAlias = Annotated[
    str | None,
    typer.Option("--url", help=f"{_URL_HELP} Also LMA_URL.", show_default=DEFAULT_URL, rich_help_panel=SERVER),
]
TokenOption: TypeAlias = Annotated[
    str | None,
    typer.Option("--token", help=f"{_TOKEN_HELP} Also LMA_TOKEN.", show_default=False, rich_help_panel=SERVER),
]
OutputOption: TypeAlias = Annotated[Output, typer.Option("--output", "-o", help="How to print.")]
StateDirOption: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--state-dir",
        envvar="LMA_STATE_DIR",
        help="Folder of the service's state.",
        show_default="~/.local/state/lma-federation",
    ),
]


@dataclass(frozen=True, slots=True)
class Settings:
    """What was given before the command's name."""

    url: str | None = None
    token: str | None = None


def default_state_dir() -> Path:
    """Return the state folder where none is given: ``LMA_STATE_DIR``, else below ``XDG_STATE_HOME``."""
    if own := os.environ.get("LMA_STATE_DIR"):
        return Path(own).expanduser()
    base = os.environ.get("XDG_STATE_HOME")
    return (Path(base).expanduser() if base else Path.home() / ".local" / "state") / "lma-federation"
