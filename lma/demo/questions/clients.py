"""The same things asked by the clients that people already have: promtool and logcli."""

from __future__ import annotations

import json
import re
import time

from lma.demo.questions.inquiry import Inquiry, Question, expect, table
from lma.demo.questions.metrics import RATES

_SAMPLE = re.compile(r'cluster="?(?P<cluster>[\w-]+)"?\} => (?P<value>\S+) @')


async def promtool_instant(inquiry: Inquiry) -> str:
    """Run promtool query instant."""
    output = await inquiry.promtool("instant", inquiry.service.prometheus_url, RATES)
    seen = {found["cluster"]: float(found["value"]) for found in _SAMPLE.finditer(output)}
    expect(set(seen) == inquiry.names, output, "a rate for every cluster")
    return table(seen, "/s")


async def promtool_range(inquiry: Inquiry) -> str:
    """Run promtool query range."""
    end = int(time.time())
    output = await inquiry.promtool(
        "range", f"--start={end - 10}", f"--end={end}", "--step=2s", inquiry.service.prometheus_url, RATES
    )
    expect(all(name in output for name in inquiry.names), output, "a series for every cluster")
    return f"{output.count(' @[')} points"


async def promtool_series(inquiry: Inquiry) -> str:
    """Run promtool query series."""
    output = await inquiry.promtool("series", "--match=shop_build_info", inquiry.service.prometheus_url)
    lines = [line for line in output.splitlines() if line.strip()]
    wanted = sum(cluster.shape.shop_instances for cluster in inquiry.clusters)
    expect(len(lines) == wanted, output, f"{wanted} series")
    expect(all(any(name in line for line in lines) for name in inquiry.names), output, "every cluster")
    return f"{len(lines)} series"


async def promtool_labels(inquiry: Inquiry) -> str:
    """Run promtool query labels."""
    output = await inquiry.promtool("labels", inquiry.service.prometheus_url, "cluster")
    expect(set(output.split()) == inquiry.names, output, str(sorted(inquiry.names)))
    return ", ".join(output.split())


async def logcli_query(inquiry: Inquiry) -> str:
    """Run logcli query."""
    output = await inquiry.logcli("query", '{app="shop"}', "--since=5m", "--limit=40", "--output=jsonl")
    lines = [json.loads(line) for line in output.splitlines() if line.strip()]
    expect(len(lines) == 40, len(lines), "40 lines")  # noqa: PLR2004 - the limit asked for
    return f"{len(lines)} lines, the newest at {lines[0]['timestamp']}"


async def logcli_instant_query(inquiry: Inquiry) -> str:
    """Run logcli instant-query."""
    output = await inquiry.logcli("instant-query", 'sum by (cluster) (count_over_time({app="shop"}[5m]))')
    seen = {item["metric"].get("cluster", ""): float(item["value"][1]) for item in json.loads(output)}
    expect(set(seen) == inquiry.names, output, "a count for every cluster")
    return table(seen)


async def logcli_labels(inquiry: Inquiry) -> str:
    """Run logcli labels."""
    output = await inquiry.logcli("labels", "cluster", "--since=5m")
    expect(set(output.split()) == inquiry.names, output, str(sorted(inquiry.names)))
    return ", ".join(output.split())


async def logcli_series(inquiry: Inquiry) -> str:
    """Run logcli series."""
    output = await inquiry.logcli("series", '{app="shop"}', "--since=5m")
    lines = [line for line in output.splitlines() if line.strip()]
    wanted = sum(cluster.shape.shop_instances for cluster in inquiry.clusters)
    expect(len(lines) == wanted, output, f"{wanted} streams")
    return f"{len(lines)} streams"


QUESTIONS: tuple[Question, ...] = (
    promtool_instant,
    promtool_range,
    promtool_series,
    promtool_labels,
    logcli_query,
    logcli_instant_query,
    logcli_labels,
    logcli_series,
)
