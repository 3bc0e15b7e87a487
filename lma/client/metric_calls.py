"""Calls of the Prometheus API, below ``/prometheus/api/v1``.

Queries go as POST forms, as Prometheus itself recommends for long ones; what only reads names goes as GET.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

from lma.client import times
from lma.client.call import Call, Params, Request, params
from lma.client.decode import decode_matrix, decode_metric_result
from lma.client.decode_metadata import (
    decode_alerts,
    decode_label_sets,
    decode_metadata,
    decode_names,
    decode_rules,
    decode_targets,
)
from lma.client.entities import Alert, Metadata, RuleGroup, Targets
from lma.client.errors import InvalidRequestError
from lma.client.explanations import Explanation, decode_explanation
from lma.client.samples import Labels, Listing, Matrix, MetricResult

BASE: Final = "/prometheus/api/v1"


def query(
    expr: str, time: times.Time | None = None, *, partial: bool = True, exactness: str | None = None
) -> Call[MetricResult]:
    """Evaluate at one instant: the server's now, unless ``time`` is given."""
    form = params(
        query=expr,
        time=None if time is None else times.seconds_text(times.to_ns(time)),
        partial_response=partial_flag(partial=partial),
        exactness=exactness,
    )
    request = Request("POST", f"{BASE}/query", form=form, expr=expr, is_strict=not partial)
    return Call(request, decode_metric_result)


def query_range(
    expr: str,
    start: times.Time,
    end: times.Time,
    step: times.Duration,
    *,
    partial: bool = True,
    exactness: str | None = None,
) -> Call[Matrix]:
    """Evaluate from ``start`` to ``end``, both included, every ``step``."""
    start_ns, end_ns = span(start, end)
    form = params(
        query=expr,
        start=times.seconds_text(start_ns),
        end=times.seconds_text(end_ns),
        step=step_text(step),
        partial_response=partial_flag(partial=partial),
        exactness=exactness,
    )
    request = Request("POST", f"{BASE}/query_range", form=form, expr=expr, is_strict=not partial)
    return Call(request, decode_matrix)


def explain(expr: str, time: times.Time | None = None, *, analyze: bool = False) -> Call[Explanation]:
    """Tell how a query at one instant is answered."""
    form = params(
        query=expr,
        time=None if time is None else times.seconds_text(times.to_ns(time)),
        analyze="true" if analyze else None,
    )
    return Call(Request("POST", f"{BASE}/query_explain", form=form, expr=expr), decode_explanation)


def explain_range(
    expr: str, start: times.Time, end: times.Time, step: times.Duration, *, analyze: bool = False
) -> Call[Explanation]:
    """Tell how a query over a range is answered."""
    start_ns, end_ns = span(start, end)
    form = params(
        query=expr,
        start=times.seconds_text(start_ns),
        end=times.seconds_text(end_ns),
        step=step_text(step),
        analyze="true" if analyze else None,
    )
    return Call(Request("POST", f"{BASE}/query_range_explain", form=form, expr=expr), decode_explanation)


def labels(
    match: str | Sequence[str] = (), start: times.Time | None = None, end: times.Time | None = None
) -> Call[Listing[str]]:
    """List label names, of the series that match if selectors are given."""
    return Call(Request("GET", f"{BASE}/labels", params=selection(match, start, end)), decode_names)


def label_values(
    name: str,
    match: str | Sequence[str] = (),
    start: times.Time | None = None,
    end: times.Time | None = None,
) -> Call[Listing[str]]:
    """List the values of a label."""
    path = f"{BASE}/label/{quote(path_name(name), safe='')}/values"
    return Call(Request("GET", path, params=selection(match, start, end)), decode_names)


def series(
    match: str | Sequence[str], start: times.Time | None = None, end: times.Time | None = None
) -> Call[Listing[Labels]]:
    """List the label sets of the series that match any of the selectors."""
    chosen = selection(match, start, end)
    expr = next((value for name, value in chosen if name == "match[]"), "")
    return Call(Request("GET", f"{BASE}/series", params=chosen, expr=expr), decode_label_sets)


def rules() -> Call[Listing[RuleGroup]]:
    """List rule groups."""
    return Call(Request("GET", f"{BASE}/rules"), decode_rules)


def alerts() -> Call[Listing[Alert]]:
    """List active alerts."""
    return Call(Request("GET", f"{BASE}/alerts"), decode_alerts)


def targets() -> Call[Targets]:
    """List scrape targets."""
    return Call(Request("GET", f"{BASE}/targets"), decode_targets)


def metadata(metric: str | None = None) -> Call[Metadata]:
    """List metric metadata, of one metric if named."""
    return Call(Request("GET", f"{BASE}/metadata", params=params(metric=metric)), decode_metadata)


def selection(match: str | Sequence[str], start: times.Time | None, end: times.Time | None) -> Params:
    """Return ``match[]``, ``start`` and ``end``."""
    selectors = (match,) if isinstance(match, str) else tuple(match)
    return tuple(("match[]", selector) for selector in selectors) + params(
        start=None if start is None else times.seconds_text(times.to_ns(start)),
        end=None if end is None else times.seconds_text(times.to_ns(end)),
    )


def span(start: times.Time, end: times.Time) -> tuple[int, int]:
    """Return start and end, both relative to the same now; raises InvalidRequestError if they are the wrong way."""
    now = times.now_ns()
    start_ns, end_ns = times.to_ns(start, now_ns=now), times.to_ns(end, now_ns=now)
    if end_ns < start_ns:
        raise InvalidRequestError(f"the range ends ({end}) before it starts ({start})", remedy="exchange start and end")
    return start_ns, end_ns


def step_text(step: times.Duration) -> str:
    """Return a step as decimal seconds; raises InvalidRequestError below one millisecond."""
    step_ns = times.duration_ns(step)
    if step_ns < times.NS_PER_MS:
        raise InvalidRequestError(f"step {step!r} is below one millisecond", remedy="use 1ms or more")
    return times.seconds_text(step_ns)


def partial_flag(*, partial: bool) -> str | None:
    """Return the value of ``partial_response``: nothing leaves it to the server, whose default may be strict."""
    return None if partial else "false"


def path_name(name: str) -> str:
    """Return a label name fit for a path: one that is not a legacy name is escaped as upstream does (``U__``)."""
    if name and all(c == "_" or (c.isascii() and c.isalnum()) for c in name) and not name[0].isdigit():
        return name
    if not name:
        raise InvalidRequestError("a label name is empty", remedy="name a label, such as `job`")
    kept = (c if c.isascii() and c.isalnum() else "__" if c == "_" else f"_{ord(c):x}_" for c in name)
    return "U__" + "".join(kept)
