"""Explanations of queries, drawn: the plan as a tree, each node with how it is computed and how exact that is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lma.cli import console, tables
from lma.cli.failures import UsageError
from lma.cli.metric_output import QueryOutput

if TYPE_CHECKING:
    from rich.text import Text
    from rich.tree import Tree

    from lma.client.explanations import Explanation, PlanNode, QueryMeasure, SentQuery

STYLES: Final = {"exact": "green", "rounded": "yellow", "approximate": "red"}
WHERE: Final = {"pushed": "cyan", "merged": "magenta", "evaluated": "blue"}


def print_explanation(explained: Explanation, output: QueryOutput | None) -> None:
    """Print an explanation; ``UsageError`` for an output it does not have."""
    if output is QueryOutput.JSON:
        tables.print_json(explained.document)
    elif output is QueryOutput.YAML:
        tables.print_yaml(explained.document)
    elif output in {QueryOutput.CSV, QueryOutput.PLOT}:
        raise UsageError("an explanation is a tree", "use --output table, json or yaml")
    else:
        _draw(explained)


def _draw(explained: Explanation) -> None:
    from rich.text import Text  # noqa: PLC0415 — not for --help

    out = console.stdout()
    head = Text.assemble(
        (explained.exactness, f"bold {STYLES.get(explained.exactness, '')}"), f"  lane {explained.lane}"
    )
    out.print(head)
    for done in explained.earlier_rounds:
        out.print(f"asked again: {console.visible(done.redone)}", style="yellow", soft_wrap=True)
    queries = {query.id: query for query in explained.queries}
    out.print(_tree(explained.plan, queries), soft_wrap=True)
    for query in explained.queries:
        out.print(console.visible(f"#{query.id} {query.cluster}: {query.query}"), style="dim", soft_wrap=True)
    for source in explained.sources:
        asked = source.replica or "complete view"
        out.print(console.visible(f"{source.cluster} is asked at {asked}: {source.reason}"), soft_wrap=True)
    if explained.measured is not None:
        spent = ", ".join(f"{name} {seconds * 1000:.1f} ms" for name, seconds in explained.measured.seconds.items())
        out.print(f"{explained.measured.result_type} of {explained.measured.series} series; {spent}")


def _tree(node: PlanNode, queries: dict[int, SentQuery]) -> Tree:
    from rich.tree import Tree  # noqa: PLC0415 — not for --help

    tree = Tree(_node_text(node))
    _grow(tree, node, queries)
    return tree


def _grow(tree: Tree, node: PlanNode, queries: dict[int, SentQuery]) -> None:
    for child in node.children:
        _grow(tree.add(_node_text(child)), child, queries)
    for number in node.queries:
        query = queries.get(number)
        if query is not None:
            took = f"  {measure_text(query.measured)}" if query.measured else ""
            tree.add(console.visible(f"#{number} {query.cluster}{took}"))


def _node_text(node: PlanNode) -> Text:
    from rich.text import Text  # noqa: PLC0415 — not for --help

    return Text.assemble(
        (console.visible(node.node), "bold"),
        "  ",
        (node.how, WHERE.get(node.how, "")),
        " ",
        (node.exactness, STYLES.get(node.exactness, "")),
        f"  {console.visible(node.rule)}",
    )


def measure_text(measured: QueryMeasure) -> str:
    """Return what a request took, in few words."""
    if measured.failure:
        return measured.failure
    return f"{(measured.seconds or 0) * 1000:.1f} ms  {measured.bytes} B  {measured.series} series"
