"""``lma doctor``: is this machine fit, and what to do where it is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import typer

from lma.cli import console, failures, tables
from lma.cli.connection import connect, settled
from lma.cli.help_text import help_text
from lma.cli.options import Output, OutputOption, TokenOption, UrlOption

if TYPE_CHECKING:
    from lma.parts import Check

HELP = help_text(
    "Check what this machine has for the demo and the tests, and say what to do about what is missing.\n\n"
    "Also says whether a service answers at --url; that is for information. Exit code 1 if something required is "
    "missing.",
    ("lma doctor", "a table with remedies"),
    ("lma doctor -o json", "for a program"),
)
SERVICE_TIMEOUT_S: Final = 3.0
STYLES: Final = {"ok": "green", "warn": "yellow", "outdated": "red", "missing": "red"}
REQUIRED: Final = frozenset({"missing", "outdated"})


def doctor(
    context: typer.Context,
    output: OutputOption = Output.TABLE,
    url: UrlOption = None,
    token: TokenOption = None,
) -> None:
    """Check this machine."""
    from lma.parts.doctor import run_checks  # noqa: PLC0415 — not for --help

    checks = run_checks()
    is_fit = not any(check.status in REQUIRED for check in checks)
    rows = [*checks, _service_check(context, url, token)]
    documents = [{"name": c.name, "status": str(c.status), "detail": c.detail, "remedy": c.remedy} for c in rows]
    if output is Output.JSON:
        tables.print_json({"fit": is_fit, "checks": documents})
    elif output is Output.YAML:
        tables.print_yaml({"fit": is_fit, "checks": documents})
    else:
        cells = [(str(c.status), c.name, c.detail, c.remedy) for c in rows]
        styles = [STYLES.get(str(c.status), "") for c in rows]
        tables.print_table(("status", "check", "found", "what to do"), cells, first_styles=styles)
        if not is_fit:
            console.stderr().print("something required is missing: see the last column", style="bold red")
    if not is_fit:
        raise typer.Exit(failures.FAILED)


def _service_check(context: typer.Context, url: str | None, token: str | None) -> Check:
    """Say whether a service answers; never more than a warning, because none need run."""
    from lma.client import ClientError  # noqa: PLC0415 — not for --help
    from lma.client.readiness import ready  # noqa: PLC0415
    from lma.parts.doctor import Check, Status  # noqa: PLC0415

    try:
        shown = settled(context, url, token)[0]
        with connect(context, url, token, timeout_s=SERVICE_TIMEOUT_S) as client:
            client.run(ready())
    except ClientError as error:
        return Check("service (optional)", Status.WARN, error.message, error.remedy)
    return Check("service (optional)", Status.OK, f"{shown} is ready")
