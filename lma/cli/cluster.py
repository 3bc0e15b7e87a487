"""``lma cluster``: which clusters are asked."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from lma.cli import console, failures
from lma.cli.cluster_connect import (
    AllowExecOption,
    ContextOption,
    KubeconfigOption,
    connect_cluster,
    read_kubeconfig,
    show_first_answers,
)
from lma.cli.cluster_credentials import add_commands
from lma.cli.cluster_output import print_cluster, print_clusters, print_outcome
from lma.cli.connection import connect, settled
from lma.cli.failures import UsageError
from lma.cli.help_text import help_text
from lma.cli.options import Output, OutputOption, TokenOption, UrlOption

if TYPE_CHECKING:
    from lma.client import Cluster

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help=help_text(
        "Register, list, show, change and remove the clusters that queries are asked of.",
        ("lma cluster register seoul --metrics-url http://127.0.0.1:9101", "add one"),
        ("lma cluster list", "all of them"),
    ),
)

NameArgument: TypeAlias = Annotated[str, typer.Argument(metavar="NAME", help="The cluster's name.", show_default=False)]
MetricsUrlOption: TypeAlias = Annotated[
    str | None, typer.Option("--metrics-url", metavar="URL", help="Prometheus-compatible API: the complete view.")
]
ReplicaOption: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--metrics-replica", metavar="URL", help="A Prometheus server behind it; may be repeated."),
]
LogsUrlOption: TypeAlias = Annotated[str | None, typer.Option("--logs-url", metavar="URL", help="Loki.")]
TenantOption: TypeAlias = Annotated[
    str | None, typer.Option("--logs-tenant", metavar="TENANT", help="Loki's tenant (X-Scope-OrgID).")
]
AlertsUrlOption: TypeAlias = Annotated[str | None, typer.Option("--alerts-url", metavar="URL", help="Alertmanager.")]
LabelOption: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--label", "-l", metavar="NAME=VALUE", help="A label added to all of its data; may be repeated."),
]


@app.command(
    "register",
    help=help_text(
        "Register a cluster, by its kubeconfig or by the URLs it answers at. It takes part in queries at once.\n\n"
        "From a kubeconfig one context is taken; its user is exchanged at once for a service account with few rights, "
        "and the ways to its Prometheus and Loki are found. Registering the same again changes nothing.",
        ("lma cluster register seoul --kubeconfig ~/.kube/config --context seoul", "by its API server"),
        ("lma cluster register seoul --metrics-url http://127.0.0.1:9101", "metrics only"),
        (
            "lma cluster register tokyo --metrics-url http://127.0.0.1:9102 --label tier=prod",
            "with a label that all of its data gets",
        ),
        (
            "lma cluster register osaka --logs-url http://127.0.0.1:3103 --logs-tenant acme",
            "a Loki with tenants",
        ),
    ),
)
def register(  # noqa: PLR0913, PLR0917 — typer makes an option of each argument
    context: typer.Context,
    name: NameArgument,
    metrics_url: MetricsUrlOption = None,
    metrics_replica: ReplicaOption = None,
    logs_url: LogsUrlOption = None,
    logs_tenant: TenantOption = None,
    alerts_url: AlertsUrlOption = None,
    label: LabelOption = None,
    kubeconfig: KubeconfigOption = None,
    kube_context: ContextOption = None,
    allow_exec: AllowExecOption = None,
    output: OutputOption = Output.TABLE,
    url: UrlOption = None,
    token: TokenOption = None,
    *,
    keep_credential: Annotated[
        bool, typer.Option("--keep-credential", help="Use the kubeconfig's user for good, without a service account.")
    ] = False,
) -> None:
    """Register a cluster."""
    from lma.client import Endpoints  # noqa: PLC0415 — not for --help

    labels = parse_labels(label or [])
    if kubeconfig is not None:
        if metrics_url or metrics_replica or logs_url or logs_tenant or alerts_url:
            raise UsageError(
                "--kubeconfig finds the ways to the data itself", "leave out the URLs, or register by URLs alone"
            )
        text = read_kubeconfig(kubeconfig, kube_context, allow_exec or [], settled(context, url, token)[0])
        with connect(context, url, token) as client:
            timeline = connect_cluster(client, name, text, labels, keep_credential=keep_credential)
            cluster = client.clusters.show(name)
            if output is Output.TABLE:
                show_first_answers(client, timeline)
            else:
                print_cluster(cluster, output)
        return
    if kube_context or allow_exec or keep_credential:
        raise UsageError("--context, --allow-exec and --keep-credential need --kubeconfig", "name the file too")
    if metrics_url is None and logs_url is None and alerts_url is None:
        raise UsageError(
            "a cluster needs a kubeconfig or an endpoint",
            "give --kubeconfig, or at least one of --metrics-url, --logs-url, --alerts-url",
        )
    if metrics_replica and metrics_url is None:
        raise UsageError("--metrics-replica needs --metrics-url", "name the complete view of the replicas too")
    if logs_tenant is not None and logs_url is None:
        raise UsageError("--logs-tenant needs --logs-url", "give the URL of its Loki too")
    endpoints = Endpoints(
        metrics_url=metrics_url,
        metrics_replicas=tuple(metrics_replica or ()),
        logs_url=logs_url,
        logs_tenant=logs_tenant,
        alerts_url=alerts_url,
    )
    with connect(context, url, token) as client:
        cluster = client.clusters.register(name, endpoints, labels)
    _print_changed(cluster, output)


@app.command("list", help=help_text("List the clusters.", ("lma cluster list", ""), ("lma cluster list -o json", "")))
def list_(
    context: typer.Context,
    output: OutputOption = Output.TABLE,
    url: UrlOption = None,
    token: TokenOption = None,
) -> None:
    """List clusters."""
    with connect(context, url, token) as client:
        print_clusters(client.clusters.list(), output)


@app.command(
    "show",
    help=help_text("Show one cluster: endpoints, labels, what was observed of it.", ("lma cluster show seoul", "")),
)
def show(
    context: typer.Context,
    name: NameArgument,
    output: OutputOption = Output.TABLE,
    url: UrlOption = None,
    token: TokenOption = None,
) -> None:
    """Show a cluster."""
    with connect(context, url, token) as client:
        print_cluster(client.clusters.show(name), output)


@app.command(
    "change",
    help=help_text(
        "Change what is given of a cluster; the rest stays. Queries see it at once.",
        ("lma cluster change seoul --metrics-url http://127.0.0.1:9301", "it moved"),
        ("lma cluster change seoul --label tier=prod --unset-label region", "labels"),
        ("lma cluster change seoul --no-logs", "it has no Loki any more"),
    ),
)
def change(  # noqa: PLR0913, PLR0917 — typer makes an option of each argument
    context: typer.Context,
    name: NameArgument,
    metrics_url: MetricsUrlOption = None,
    metrics_replica: ReplicaOption = None,
    logs_url: LogsUrlOption = None,
    logs_tenant: TenantOption = None,
    alerts_url: AlertsUrlOption = None,
    label: LabelOption = None,
    unset_label: Annotated[
        list[str] | None, typer.Option("--unset-label", metavar="NAME", help="A label to take off; may be repeated.")
    ] = None,
    output: OutputOption = Output.TABLE,
    url: UrlOption = None,
    token: TokenOption = None,
    *,
    no_metrics: Annotated[bool, typer.Option("--no-metrics", help="Take the metrics endpoint out.")] = False,
    no_replicas: Annotated[bool, typer.Option("--no-replicas", help="Take all replicas out.")] = False,
    no_logs: Annotated[bool, typer.Option("--no-logs", help="Take the logs endpoint out.")] = False,
    no_alerts: Annotated[bool, typer.Option("--no-alerts", help="Take the alerts endpoint out.")] = False,
) -> None:
    """Change a cluster."""
    if no_replicas and metrics_replica:
        raise UsageError("--no-replicas contradicts --metrics-replica", "leave one of them out")
    replicas: list[str] | None = [] if no_replicas else metrics_replica or None
    metrics = _part(url=metrics_url, replicas=replicas)
    endpoints: dict[str, Any] = {
        "metrics": _unless(metrics, is_gone=no_metrics, option="metrics"),
        "logs": _unless(_part(url=logs_url, tenant=logs_tenant), is_gone=no_logs, option="logs"),
        "alerts": _unless(_part(url=alerts_url), is_gone=no_alerts, option="alerts"),
    }
    given = {part: value for part, value in endpoints.items() if value != {}}
    set_labels = parse_labels(label or [])
    if both := set_labels.keys() & set(unset_label or []):
        raise UsageError(f"labels are both set and unset: {', '.join(sorted(both))}", "leave one of them out")
    labels: dict[str, str | None] = {**set_labels, **dict.fromkeys(unset_label or [])}
    if not given and not labels:
        raise UsageError("nothing to change was given", "see `lma cluster change --help`")
    with connect(context, url, token) as client:
        cluster = client.clusters.change(name, labels=labels, endpoints=given)
    _print_changed(cluster, output)


@app.command(
    "remove",
    help=help_text(
        "Take a cluster out. Queries don't ask it any more; its data stays where it is. What registering made in a "
        "connected cluster is deleted there.",
        ("lma cluster remove seoul", "asks first"),
        ("lma cluster remove seoul --yes", "doesn't, for scripts"),
    ),
)
def remove(
    context: typer.Context,
    name: NameArgument,
    url: UrlOption = None,
    token: TokenOption = None,
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Forget it even if what was made in it can't be removed now.")
    ] = False,
) -> None:
    """Remove a cluster."""
    with connect(context, url, token) as client:
        if not yes:
            if not sys.stdin.isatty():
                raise UsageError(f"removing {name} was not confirmed", "nobody can be asked here: add --yes")
            client.clusters.show(name)
            if not typer.confirm(f"Remove cluster {name}?", err=True):
                raise typer.Exit(failures.FAILED)
        client.clusters.remove(name, force=force)
    console.stderr().print(f"cluster {name} removed")


add_commands(app)


def parse_labels(pairs: list[str]) -> dict[str, str]:
    """Return ``NAME=VALUE`` pairs as labels; raises UsageError for what is no pair, and for a name given twice."""
    labels: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise UsageError(f"--label {pair!r} is not NAME=VALUE", "write it like --label region=eu-west-1")
        if name in labels:
            raise UsageError(f"--label {name} is given twice", "give each label once")
        labels[name] = value
    return labels


def _part(**values: object) -> dict[str, object]:
    return {name: value for name, value in values.items() if value is not None}


def _unless(part: dict[str, object], *, is_gone: bool, option: str) -> dict[str, object] | None:
    if is_gone and part:
        raise UsageError(f"--no-{option} contradicts the other --{option}-… options", "leave one of them out")
    return None if is_gone else part


def _print_changed(cluster: Cluster, output: Output) -> None:
    if output is Output.TABLE:
        print_outcome(cluster)
    else:
        print_cluster(cluster, output)
