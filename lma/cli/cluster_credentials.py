"""``lma cluster events|credentials|rotate|revoke|reseal``: what happened to clusters, and what is kept for them."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Annotated, Final

import typer

from lma.cli import console, failures, tables
from lma.cli.cluster_connect import AllowExecOption, ContextOption, KubeconfigOption, read_kubeconfig, show_events
from lma.cli.connection import connect, settled
from lma.cli.failures import UsageError
from lma.cli.help_text import help_text
from lma.cli.options import Output, OutputOption, TokenOption, UrlOption

if TYPE_CHECKING:
    from lma.client import Credential

_STYLES: Final = {"pass": "green", "warn": "yellow", "fail": "bold red"}
_NAME = typer.Argument(metavar="NAME", help="The cluster's name.", show_default=False)


def add_commands(app: typer.Typer) -> None:
    """Add the commands to ``lma cluster``."""
    app.command(
        "preflight",
        help=help_text(
            "Check what stands in the way of a cluster, before registering it or after. Changes nothing in it.\n\n"
            "Exit code 1 if a check fails.",
            ("lma cluster preflight seoul --kubeconfig ~/.kube/config", "before"),
            ("lma cluster preflight seoul", "after"),
        ),
    )(preflight)
    app.command(
        "events",
        help=help_text("Show what happened to a cluster since it was registered.", ("lma cluster events seoul", "")),
    )(events)
    app.command(
        "credentials",
        help=help_text(
            "Show what is kept for clusters: whom it stands for, its age, last use and end. Never the secrets.",
            ("lma cluster credentials", "the whole ledger"),
            ("lma cluster credentials seoul", "of one cluster"),
        ),
    )(credentials)
    app.command(
        "rotate",
        help=help_text(
            "Replace the token by which a cluster is reached; the old one is invalid within seconds.",
            ("lma cluster rotate seoul", ""),
        ),
    )(rotate)
    app.command(
        "revoke",
        help=help_text(
            "Make the token by which a cluster is reached invalid. Register the cluster again to query it.",
            ("lma cluster revoke seoul --yes", ""),
        ),
    )(revoke)
    app.command(
        "reseal",
        help=help_text("Seal every credential that is kept with a new key.", ("lma cluster reseal", "")),
    )(reseal)


def preflight(
    context: typer.Context,
    name: Annotated[str, _NAME],
    kubeconfig: KubeconfigOption = None,
    kube_context: ContextOption = None,
    allow_exec: AllowExecOption = None,
    output: OutputOption = Output.TABLE,
    url: UrlOption = None,
    token: TokenOption = None,
) -> None:
    """Check a cluster."""
    text: str | None = None
    if kubeconfig is not None:
        text = read_kubeconfig(kubeconfig, kube_context, allow_exec or [], settled(context, url, token)[0])
    elif kube_context or allow_exec:
        raise UsageError("--context and --allow-exec need --kubeconfig", "name the file too")
    with connect(context, url, token) as client:
        checks = client.clusters.preflight(name, text)
    documents = [dataclasses.asdict(check) for check in checks]
    if output is Output.JSON:
        tables.print_json(documents)
    elif output is Output.YAML:
        tables.print_yaml(documents)
    else:
        rows = [(check.outcome, check.name, check.message, check.remedy) for check in checks]
        styles = [_STYLES.get(check.outcome, "") for check in checks]
        tables.print_table(("outcome", "check", "found", "what to do"), rows, first_styles=styles)
    if any(check.outcome == "fail" for check in checks):
        raise typer.Exit(failures.FAILED)


def events(
    context: typer.Context,
    name: Annotated[str, _NAME],
    output: OutputOption = Output.TABLE,
    url: UrlOption = None,
    token: TokenOption = None,
) -> None:
    """Show a timeline."""
    with connect(context, url, token) as client:
        timeline = client.clusters.events(name)
    documents = [dataclasses.asdict(event) for event in timeline.events]
    if output is Output.JSON:
        tables.print_json(documents)
    elif output is Output.YAML:
        tables.print_yaml(documents)
    else:
        show_events(timeline)


def credentials(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="A cluster's name.", show_default=False)] = None,
    output: OutputOption = Output.TABLE,
    url: UrlOption = None,
    token: TokenOption = None,
) -> None:
    """Show the ledger."""
    with connect(context, url, token) as client:
        _print(client.clusters.credentials(name), output)


def rotate(
    context: typer.Context,
    name: Annotated[str, _NAME],
    output: OutputOption = Output.TABLE,
    url: UrlOption = None,
    token: TokenOption = None,
) -> None:
    """Replace a token."""
    with connect(context, url, token) as client:
        _print(client.clusters.rotate(name), output)


def revoke(
    context: typer.Context,
    name: Annotated[str, _NAME],
    output: OutputOption = Output.TABLE,
    url: UrlOption = None,
    token: TokenOption = None,
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")] = False,
) -> None:
    """Make a token invalid."""
    if not yes:
        raise UsageError(f"cluster {name} answers nothing once its token is revoked", "confirm with --yes")
    with connect(context, url, token) as client:
        _print(client.clusters.revoke(name), output)


def reseal(context: typer.Context, url: UrlOption = None, token: TokenOption = None) -> None:
    """Rotate the sealing key."""
    with connect(context, url, token) as client:
        count = client.clusters.reseal()
    console.write(f"{count} credential{'' if count == 1 else 's'} sealed with a new key\n")


def _print(ledger: tuple[Credential, ...], output: Output) -> None:
    if output is Output.JSON:
        tables.print_json([dataclasses.asdict(item) for item in ledger])
    elif output is Output.YAML:
        tables.print_yaml([dataclasses.asdict(item) for item in ledger])
    elif not ledger:
        console.stderr().print("no credential is kept")
    else:
        rows = [
            (
                item.cluster,
                item.form,
                item.subject,
                item.created_at[:16],
                (item.last_used_at or "-")[:16],
                (item.expires_at or "-")[:16],
                item.key_id,
            )
            for item in ledger
        ]
        tables.print_table(("cluster", "kept", "stands for", "since", "last used", "until", "key"), rows)
