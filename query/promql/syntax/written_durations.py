"""How durations were written, where the tree of a query doesn't keep it because it means nothing.

Upstream's tree tells of parentheses, and of signs before them: ``[(5m)]`` is an expression there and ``[5m]`` here. Who
shows a query as upstream does needs that, so it is kept beside the tree, by object identity, for as long as the tree
of one text is looked at.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar

from query.promql.syntax.nodes import DurationExpr

Duration = TypeVar("Duration", bound=DurationExpr)


@dataclass(frozen=True, slots=True)
class WrittenDurations:
    """The durations of one text that were written in another way than their nodes tell.

    The form of a duration is the node that says how it was written: itself, unless something else was noted. Holds
    the nodes, so that an identity is never that of another node.
    """

    _wrapped: dict[int, DurationExpr] = field(default_factory=dict)
    _forms: dict[int, tuple[DurationExpr, DurationExpr]] = field(default_factory=dict)

    def wrap(self, node: Duration) -> Duration:
        """Note that ``node`` stood in parentheses and return it."""
        form = self.form(node)
        self._wrapped[id(form)] = form
        return node

    def put(self, node: Duration, form: DurationExpr) -> Duration:
        """Note that ``node``, a new one, was written as ``form`` and return it."""
        self._forms[id(node)] = (node, self.form(form))
        return node

    def form(self, node: DurationExpr) -> DurationExpr:
        """Return the form of ``node``."""
        return self._forms.get(id(node), (node, node))[1]

    def is_wrapped(self, form: DurationExpr) -> bool:
        """Tell whether a form stood in parentheses."""
        return id(form) in self._wrapped

    def is_plain(self, node: DurationExpr) -> bool:
        """Tell whether ``node`` was written as it tells."""
        return self.form(node) is node and not self.is_wrapped(node)
