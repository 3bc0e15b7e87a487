"""Pass: say which info series ``info()`` joins, so that they are fetched from every cluster that may have some.

``info(v, {k="v"})`` adds to each series of ``v`` the labels of the info series (``target_info`` unless the matchers
name others) that agree with it on ``instance`` and ``job``. In the union those may be another cluster's, so the join is
computed at the gateway: ``v`` is pushed as far as it can be, the info series are fetched beside it.

Where two info series agree on ``instance`` and ``job``, the one with the newer sample counts; so their raw samples are
fetched, too, for the times of the samples. Source: promql/info.go of Prometheus 3.16.
"""

from __future__ import annotations

from query.model.labels import METRIC_NAME
from query.promql.plan.context import PlanContext
from query.promql.plan.info_selector import info_selector
from query.promql.plan.nodes import Concat, InfoSeries
from query.promql.plan.push_subtrees import push_whole
from query.promql.syntax.nodes import Call, DurationLiteral, Expr, MatrixSelector, ValueType
from query.promql.syntax.tree import rewrite


def fetch_info(expr: Expr, context: PlanContext) -> Expr:
    """Return the tree with an ``InfoSeries`` as the second argument of every ``info()``."""
    return rewrite(expr, lambda node: _with_series(node, context) if _is_info(node) else node)


def _is_info(node: Expr) -> bool:
    return isinstance(node, Call) and node.function == "info"


def _with_series(node: Expr, context: PlanContext) -> Call:
    assert isinstance(node, Call)  # noqa: S101  (what _is_info told)
    selector = info_selector(node)
    samples = MatrixSelector(selector, DurationLiteral(context.lookback_ms))
    names = tuple(matcher for matcher in selector.matchers if matcher.name == METRIC_NAME)
    series = InfoSeries(
        push_whole(selector, context) or Concat(selector, ()),
        push_whole(samples, context) or Concat(samples, (), ValueType.MATRIX),
        names,
        tuple(matcher for matcher in selector.matchers if matcher.name != METRIC_NAME),
    )
    return Call("info", (node.args[0], series))
