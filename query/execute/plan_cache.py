"""Plans of queries that come again, as those of dashboards and rules do.

Parsing and planning a small query costs as much as asking three clusters for it. A plan depends on the text, on the
members and what they show, and on step and range of the query; on when it starts only if it says so somewhere (``@
start()``, a leaf on a grid of its own): such plans are not kept. Members are told apart by identity, as everywhere, so
a cluster that changed is another key and the plan of the old one leaves with the least used.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Final

from query.promql.plan.planner import Plan
from query.promql.syntax.nodes import Expr
from query.promql.syntax.printer import print_expr
from query.promql.syntax.tree import walk

ENTRIES: Final = 1_000
MAX_TEXT: Final = 8_192
"""Longer queries are rare, and their trees are large."""


@dataclass(slots=True, eq=False)
class Planned:
    """A plan, and the texts that clusters are sent, printed once."""

    plan: Plan
    _texts: dict[int, str] = field(default_factory=dict)

    def text_of(self, expr: Expr) -> str:
        """Return what ``print_expr`` does for an expression that is a part of this plan."""
        text = self._texts.get(id(expr))
        if text is None:
            text = self._texts[id(expr)] = print_expr(expr)
        return text


class PlanCache:
    """The plans used last."""

    def __init__(self, entries: int = ENTRIES) -> None:
        self._entries = entries
        self._kept: OrderedDict[Hashable, Planned] = OrderedDict()

    def get(self, text: str, key: Hashable, make: Callable[[], Plan]) -> Planned:
        """Return the plan kept under ``text`` and ``key``, or what ``make`` makes; its errors are not kept."""
        found = self._kept.get((text, key))
        if found is not None:
            self._kept.move_to_end((text, key))
            return found
        made = Planned(make())
        if len(text) <= MAX_TEXT and is_timeless(made.plan):
            self._kept[text, key] = made
            if len(self._kept) > self._entries:
                self._kept.popitem(last=False)
        return made


def is_timeless(plan: Plan) -> bool:
    """Tell whether a plan is the same whenever the query starts."""
    stages = dict(plan.stages)
    names_times = stages.get("pin_times") != stages.get("parsed")
    return not names_times and not any(
        getattr(node, "grid", None) is not None for node in (*walk(plan.root), *plan.leaves())
    )
