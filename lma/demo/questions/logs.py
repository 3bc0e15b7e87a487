"""Questions in LogQL."""

from __future__ import annotations

import time
from typing import Any

from lma.demo.questions.inquiry import Inquiry, Question, expect, table

NS = 1_000_000_000
LIMIT = 12


async def lines_in_order(inquiry: Inquiry) -> str:
    """Read the newest lines of all clusters, in the order of time."""
    result = await _lines(inquiry, '{app="shop"}', direction="backward", limit=LIMIT)
    times = sorted((int(entry[0]) for stream in result for entry in stream["values"]), reverse=True)
    expect(len(times) == LIMIT, len(times), f"{LIMIT} lines")
    newest = max(times)
    clusters = {stream["stream"].get("cluster") for stream in result}
    expect(clusters <= inquiry.names, clusters, "every stream with its cluster")
    return f"{len(times)} lines of {', '.join(sorted(filter(None, clusters)))}, the last {_ago(newest)} ago"


async def lines_of_every_cluster(inquiry: Inquiry) -> str:
    """Read lines by a stream label that all clusters have."""
    result = await _lines(inquiry, '{namespace="shop"}', direction="forward", limit=2000)
    lines: dict[str, float] = {}
    for stream in result:
        name = stream["stream"].get("cluster", "")
        lines[name] = lines.get(name, 0) + len(stream["values"])
    expect(set(lines) == inquiry.names, lines, "lines of every cluster")
    return table(lines)


async def errors_only(inquiry: Inquiry) -> str:
    """Filter lines where the data is: only failures, of one cluster."""
    failing = max(inquiry.clusters, key=lambda cluster: cluster.shape.error_ratio).name
    result = await _lines(inquiry, f'{{app="shop", cluster="{failing}"}} |= "level=error"', limit=5)
    lines = [entry[1] for stream in result for entry in stream["values"]]
    expect(bool(lines) and all("level=error" in line for line in lines), lines, "failures")
    expect({stream["stream"].get("cluster") for stream in result} == {failing}, result, f"{failing} only")
    return f"{len(lines)} of {failing}: {lines[0][lines[0].find('msg=') :][:60]} …"


async def lines_per_second(inquiry: Inquiry) -> str:
    """Count log lines per cluster."""
    answer = await inquiry.loki("query", query='sum by (cluster) (rate({app="shop"}[1m]))')
    rates = answer.by("cluster")
    expect(set(rates) == inquiry.names and min(rates.values()) > 0, rates, "a rate for every cluster")
    return table(rates, "/s")


async def label_values(inquiry: Inquiry) -> str:
    """List the values of `cluster` in logs, also where the streams don't have it."""
    values = (await inquiry.loki("label/cluster/values", **_last_minutes())).data
    expect(set(values) == inquiry.names, values, str(sorted(inquiry.names)))
    return ", ".join(values)


async def series(inquiry: Inquiry) -> str:
    """List streams."""
    found = (await inquiry.loki("series", **{"match[]": '{app=~"shop|payments"}'}, **_last_minutes())).data
    clusters = {labels.get("cluster") for labels in found}
    wanted = sum(c.shape.shop_instances + bool(c.shape.payments_per_s) for c in inquiry.clusters)
    expect(clusters == inquiry.names and len(found) == wanted, found, f"{wanted} streams of every cluster")
    return f"{len(found)} streams"


async def _lines(inquiry: Inquiry, query: str, **params: Any) -> list[dict[str, Any]]:
    answer = await inquiry.loki("query_range", query=query, **_last_minutes(), **params)
    result: list[dict[str, Any]] = answer.data["result"]
    return result


def _last_minutes() -> dict[str, int]:
    now = time.time_ns()
    return {"start": now - 300 * NS, "end": now}


def _ago(time_ns: int) -> str:
    return f"{(time.time_ns() - time_ns) / NS:.1f} s"


QUESTIONS: tuple[Question, ...] = (
    lines_in_order,
    lines_of_every_cluster,
    errors_only,
    lines_per_second,
    label_values,
    series,
)
