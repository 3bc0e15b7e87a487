"""``lma cluster register --kubeconfig``: from a file on this machine to the first answer, each step shown at once."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, TypeAlias

import typer

from lma.cli import console, failures
from lma.cli.failures import UsageError

if TYPE_CHECKING:
    from lma.client import Client, ClusterEvent, Timeline

POLL_S: Final = 0.25
WAIT_S: Final = 180.0
_STYLES: Final = {"ok": "", "warning": "yellow", "error": "bold red"}
_MAX_BYTES: Final = 1 << 20

KubeconfigOption: TypeAlias = Annotated[
    Path | None, typer.Option("--kubeconfig", metavar="FILE", help="Connect by its API server, as this file says.")
]
ContextOption: TypeAlias = Annotated[
    str | None, typer.Option("--context", metavar="NAME", help="The kubeconfig's context; else its current one.")
]
AllowExecOption: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--allow-exec", metavar="PROGRAM", help="Run this program if the kubeconfig asks it for a token."),
]


def read_kubeconfig(path: Path, context: str | None, allowed: list[str], server_url: str) -> str:
    """Return the one context of a kubeconfig, with all it needs in it; raises UsageError.

    Its files are read and its plugin is run here, as the person; it is sent to this machine or over TLS only.
    """
    from urllib.parse import urlsplit  # noqa: PLC0415 — not for --help

    from lma.client.server import is_loopback  # noqa: PLC0415
    from lma.clusters.errors import KubeconfigError  # noqa: PLC0415
    from lma.clusters.exec_plugin import with_plugin_credential  # noqa: PLC0415
    from lma.clusters.kubeconfig import folder_reader, reduce_kubeconfig, render  # noqa: PLC0415

    if urlsplit(server_url).scheme != "https" and not is_loopback(server_url):
        raise UsageError(f"a credential is not sent to {server_url} in clear", "give the service's https URL")
    try:
        with path.open(encoding="utf-8") as stream:
            text = stream.read(_MAX_BYTES + 1)
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text"
        raise UsageError(
            f"{path} can't be read: {why}", "give the file that kubectl uses, often ~/.kube/config"
        ) from None
    if len(text) > _MAX_BYTES:
        raise UsageError(f"{path} is larger than {_MAX_BYTES} bytes", "give the context's own file")
    try:
        reduced = reduce_kubeconfig(text, context, read_file=folder_reader(path.parent))
        return render(with_plugin_credential(reduced, allowed).access, reduced.context)
    except KubeconfigError as error:
        raise UsageError(f"{path}: {error.message}", error.remedy) from None


def connect_cluster(
    client: Client, name: str, kubeconfig: str, labels: dict[str, str], *, keep_credential: bool
) -> Timeline:
    """Connect a cluster and show each step; return its timeline, or exit with 1 where that failed."""
    from lma.client import NotFoundError  # noqa: PLC0415 — not for --help

    try:
        before = client.clusters.events(name).events
    except NotFoundError:
        before = ()
    last = before[-1].id if before else 0
    began = time.monotonic()
    client.clusters.connect(name, kubeconfig, labels=labels, keep_credential=keep_credential)
    shown: list[ClusterEvent] = []
    while True:
        timeline = client.clusters.events(name, last)
        for event in timeline.events:
            shown.append(event)
            last = event.id
            _show(event, shown[0].at)
        if timeline.phase != "registering" and not timeline.events and shown:
            break
        if time.monotonic() > began + WAIT_S:
            raise UsageError(
                f"cluster {name} is not connected after {WAIT_S:.0f} s", f"it goes on; see `lma cluster events {name}`"
            )
        time.sleep(POLL_S)
    if shown[-1].status == "error":
        raise typer.Exit(failures.FAILED)
    return timeline


def show_first_answers(client: Client, timeline: Timeline) -> None:
    """Ask the cluster something in PromQL and in LogQL through the gateway, and print what comes back."""
    from lma.client import ClientError  # noqa: PLC0415 — not for --help

    selector = timeline.selector
    questions: tuple[tuple[str, str, Callable[[Client, str], str]], ...] = (
        ("PromQL", f"count(up{{{selector}}})", _one_value),
        ("LogQL", f"{{{selector}}}", _one_line),
    )
    for language, expr, ask in questions:
        began = time.monotonic()
        try:
            found = ask(client, expr)
        except ClientError as error:
            found = f"no answer: {error.message}"
        elapsed_ms = (time.monotonic() - began) * 1000
        console.write(f"{language}  {expr}  →  {console.visible(found)}  ({elapsed_ms:.0f} ms)\n")


def show_events(timeline: Timeline) -> None:
    """Print a timeline."""
    for event in timeline.events:
        _show(event, "", to_stdout=True)


def _show(event: ClusterEvent, first_at: str, *, to_stdout: bool = False) -> None:
    when = f"{_seconds_between(first_at, event.at):+7.2f} s" if first_at else event.at
    out = console.stdout() if to_stdout else console.stderr()
    text = f"{when}  {event.reason:<16}  {console.visible(event.message)}"
    out.print(text, style=_STYLES.get(event.status, ""), soft_wrap=True)


def _seconds_between(first: str, second: str) -> float:
    from datetime import datetime  # noqa: PLC0415 — not for --help

    return (datetime.fromisoformat(second) - datetime.fromisoformat(first)).total_seconds()


def _one_value(client: Client, expr: str) -> str:
    from lma.client import Vector  # noqa: PLC0415 — not for --help

    found = client.query(expr)
    values = [sample.value for sample in found if sample.value is not None] if isinstance(found, Vector) else []
    return f"{values[0]:g} targets" if values else "no series yet"


def _one_line(client: Client, expr: str) -> str:
    lines = client.logs(expr, limit=1).lines()
    return lines[0].line[:120] if lines else "no line in the last hour"
