"""``lma``: the entry point.

Starting must be quick, so this module and the command modules import typer and nothing heavy; what a command needs
it imports when it runs. Every failure a user can cause ends in ``failures.report``; a stack trace is a bug, and then
only shown with ``LMA_DEBUG=1``.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from lma.cli import cluster, console, demo, doctor, failures, gateway, logs, query, serve
from lma.cli.help_text import help_text
from lma.cli.options import GlobalTokenOption, GlobalUrlOption, Settings

app = typer.Typer(
    name="lma",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["--help", "-h"]},
    help=help_text(
        "Metrics, logs and alerts of many Kubernetes clusters, as if they were one.",
        ("lma demo", "a playground of real servers"),
        ("lma query 'sum by (cluster) (up)'", "one question, every cluster"),
        ('lma logs \'{app="shop"} |= "error"\' --follow', "their logs as one stream"),
        ("lma cluster list", "which clusters there are"),
    ),
)


def _print_version(is_wanted: bool) -> None:  # noqa: FBT001 — typer's callback
    if is_wanted:
        from importlib.metadata import version  # noqa: PLC0415 — only for --version

        typer.echo(f"lma {version('lma-federation')}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    url: GlobalUrlOption = None,
    token: GlobalTokenOption = None,
    *,
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None:
    """Keep the options that stand before the command."""
    context.obj = Settings(url=url, token=token)


app.command("query", help=query.HELP)(query.query)
app.command("logs", help=logs.HELP)(logs.logs)
app.add_typer(cluster.app, name="cluster")
app.command("doctor", help=doctor.HELP)(doctor.doctor)
app.command("serve", help=serve.HELP)(serve.serve)
app.command("gateway", help=gateway.HELP)(gateway.gateway)
app.command("demo", help=demo.HELP)(demo.demo)


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code."""
    try:
        app(args=list(arguments), prog_name="lma")
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else int(done.code is not None)
    except KeyboardInterrupt:
        return failures.INTERRUPTED
    except Exception as error:  # noqa: BLE001 — the last place that can keep a stack trace from a user
        return failures.report(error)
    return 0


def main() -> None:
    """Run the command line of this process."""
    console.never_fail_to_encode()
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
