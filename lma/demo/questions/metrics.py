"""Questions in PromQL, and about what there is to ask for."""

from __future__ import annotations

import time
from itertools import pairwise

from lma.demo.questions.inquiry import Inquiry, Question, expect, table

SETTLED_S = 6.0
RATES = "sum by (cluster) (rate(http_requests_total[1m]))"


async def rates_by_cluster(inquiry: Inquiry) -> str:
    """Ask for the request rate of every cluster."""
    rates = (await inquiry.prometheus("query", query=RATES)).by("cluster")
    expect(set(rates) == inquiry.names and min(rates.values()) > 0, rates, "a rate for every cluster")
    return table(rates, "/s")


async def instances_by_cluster(inquiry: Inquiry) -> str:
    """Count the shop's instances in each cluster, every replica once."""
    seen = (await inquiry.prometheus("query", query='sum by (cluster) (up{job="shop"})')).by("cluster")
    wanted = {cluster.name: float(cluster.shape.shop_instances) for cluster in inquiry.clusters}
    expect(seen == wanted, seen, str(wanted))
    return table(seen)


async def sum_is_sum_of_parts(inquiry: Inquiry) -> str:
    """Compare one sum over everything with the clusters' own answers at the same instant."""
    at, query = f"{time.time() - SETTLED_S:.3f}", "sum(http_requests_total)"
    total = (await inquiry.prometheus("query", query=query, time=at)).by("")
    parts = {
        cluster.name: sum((await inquiry.directly(cluster, "query", query=query, time=at)).vector().values())
        for cluster in inquiry.clusters
    }
    expect(min(parts.values()) > 0, parts, "requests counted in every cluster")
    expect(sum(total.values()) == sum(parts.values()), total, f"the sum of {parts}")
    return f"{sum(total.values()):.0f} = {' + '.join(f'{part:.0f}' for part in parts.values())}"


async def average_is_weighted(inquiry: Inquiry) -> str:
    """Average over all instances, not over the clusters' averages."""
    at = f"{time.time() - SETTLED_S:.3f}"
    mean = sum((await inquiry.prometheus("query", query="avg(http_requests_total)", time=at)).by("").values())
    total = count = 0.0
    for cluster in inquiry.clusters:
        for query in ("sum(http_requests_total)", "count(http_requests_total)"):
            value = sum((await inquiry.directly(cluster, "query", query=query, time=at)).vector().values())
            total, count = (total + value, count) if query.startswith("sum") else (total, count + value)
    expect(count > 0 and abs(mean - total / count) <= 1e-9 * mean, mean, f"{total} / {count}")
    return f"{mean:.4f} = {total:.0f} / {count:.0f}"


async def topk_over_all(inquiry: Inquiry) -> str:
    """Ask for the two busiest clusters, busiest first."""
    answer = await inquiry.prometheus("query", query=f"topk(2, {RATES})")
    values = [float(sample["value"][1]) for sample in answer.data["result"]]
    first = str(answer.data["result"][0]["metric"].get("cluster")) if values else ""
    busiest = max(inquiry.clusters, key=lambda cluster: cluster.shape.requests_per_s).name
    expect(len(values) == 2 and values == sorted(values, reverse=True), values, "two, the larger first")  # noqa: PLR2004
    expect(first == busiest, answer.by("cluster"), f"{busiest} first")
    return table(answer.by("cluster"), "/s")


async def series_of_one_cluster(inquiry: Inquiry) -> str:
    """Find a series that only one cluster has."""
    seen = (await inquiry.prometheus("query", query="sum by (cluster) (payments_total)")).by("cluster")
    wanted = {cluster.name for cluster in inquiry.clusters if cluster.shape.payments_per_s}
    expect(set(seen) == wanted, seen, f"payments in {sorted(wanted)} only")
    return table(seen)


async def pruned_by_matcher(inquiry: Inquiry) -> str:
    """Ask only the clusters that a matcher on `cluster` leaves."""
    answer = await inquiry.prometheus("query", query='count by (cluster) (up{cluster=~"seoul|oregon"})')
    seen = answer.by("cluster")
    expect(set(seen) == {"seoul", "oregon"}, seen, "seoul and oregon")
    return table(seen)


async def grouped_by_extra_label(inquiry: Inquiry) -> str:
    """Group by a label that only the registration gave: the region."""
    seen = (await inquiry.prometheus("query", query='sum by (region) (up{job="shop"})')).by("region")
    wanted = {cluster.shape.labels["region"]: float(cluster.shape.shop_instances) for cluster in inquiry.clusters}
    expect(seen == wanted, seen, str(wanted))
    return table(seen)


async def range_on_one_grid(inquiry: Inquiry) -> str:
    """Ask for a range: every cluster on the same steps."""
    end = int(time.time())
    answer = await inquiry.prometheus("query_range", query="sum by (cluster) (up)", start=end - 20, end=end, step=2)
    series = {item["metric"]["cluster"]: item["values"] for item in answer.data["result"]}
    expect(set(series) == inquiry.names, sorted(series), "a series for every cluster")
    times = [[time_s for time_s, _ in values] for values in series.values()]
    expect(all((b - a) % 2 == 0 for row in times for a, b in pairwise(row)), times, "steps of 2 s")
    return f"{len(series)} series, {sum(map(len, times))} points"


async def label_values(inquiry: Inquiry) -> str:
    """List the values of `cluster`."""
    values = (await inquiry.prometheus("label/cluster/values")).data
    expect(set(values) == inquiry.names, values, str(sorted(inquiry.names)))
    return ", ".join(values)


async def label_names(inquiry: Inquiry) -> str:
    """List label names: the union, with what registration added."""
    names = (await inquiry.prometheus("labels")).data
    expect({"cluster", "region", "job", "provider", "handler"} <= set(names), names, "the union of all clusters'")
    return f"{len(names)} names"


async def series_with_labels(inquiry: Inquiry) -> str:
    """List series: each carries its cluster."""
    found = (await inquiry.prometheus("series", **{"match[]": "shop_build_info"})).data
    clusters = {labels.get("cluster") for labels in found}
    wanted = sum(cluster.shape.shop_instances for cluster in inquiry.clusters)
    expect(clusters == inquiry.names and len(found) == wanted, found, f"{wanted} series of every cluster")
    return f"{len(found)} series, versions {', '.join(sorted({labels['version'] for labels in found}))}"


async def metadata(inquiry: Inquiry) -> str:
    """Ask what a metric means."""
    found = (await inquiry.prometheus("metadata", metric="http_requests_total")).data
    merged = found or (await inquiry.prometheus("metadata", metric="http_requests")).data
    kinds = {entry["type"] for entries in merged.values() for entry in entries}
    expect(kinds == {"counter"}, found, "a counter")
    return str(next(iter(merged.values()))[0]["help"])


async def rules(inquiry: Inquiry) -> str:
    """List the rules of every cluster, every replica's once."""
    groups = (await inquiry.prometheus("rules")).data["groups"]
    watchdogs = [rule for group in groups for rule in group["rules"] if rule["name"] == "Watchdog"]
    clusters = sorted(alert["labels"].get("cluster", "") for rule in watchdogs for alert in rule.get("alerts") or ())
    expect(clusters == sorted(inquiry.names), clusters, "one Watchdog of every cluster")
    return f"{len(groups)} groups, {sum(len(group['rules']) for group in groups)} rules"


async def alerts(inquiry: Inquiry) -> str:
    """List the alerts that fire now."""
    firing = [
        alert["labels"] for alert in (await inquiry.prometheus("alerts")).data["alerts"] if alert["state"] == "firing"
    ]
    seen = {(labels.get("alertname", ""), labels.get("cluster", "")) for labels in firing}
    failing = max(inquiry.clusters, key=lambda cluster: cluster.shape.error_ratio).name
    wanted = {("Watchdog", name) for name in inquiry.names} | {("ShopErrorRatioHigh", failing)}
    expect(wanted <= seen, sorted(seen), str(sorted(wanted)))
    return ", ".join(f"{alert} ({cluster})" for alert, cluster in sorted(seen))


async def targets(inquiry: Inquiry) -> str:
    """List the scrape targets of every cluster."""
    active = (await inquiry.prometheus("targets")).data["activeTargets"]
    clusters = {target["labels"].get("cluster") for target in active}
    expect(clusters == inquiry.names, clusters, "targets of every cluster")
    return f"{len(active)} targets, {sum(target['health'] == 'up' for target in active)} up"


async def malformed_query(inquiry: Inquiry) -> str:
    """Refuse a malformed query, and say where."""
    answer = await inquiry.prometheus("query", query="sum by (cluster (up)")
    expect(
        answer.status == 400 and answer.body.get("errorType") == "bad_data",  # noqa: PLR2004
        answer,
        "HTTP 400 bad_data",
    )
    return str(answer.body.get("error", "")).partition("\n")[0]


QUESTIONS: tuple[Question, ...] = (
    rates_by_cluster,
    instances_by_cluster,
    sum_is_sum_of_parts,
    average_is_weighted,
    topk_over_all,
    series_of_one_cluster,
    pruned_by_matcher,
    grouped_by_extra_label,
    range_on_one_grid,
    label_values,
    label_names,
    series_with_labels,
    metadata,
    rules,
    alerts,
    targets,
    malformed_query,
)
