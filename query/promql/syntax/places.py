"""Where the nodes of a tree being parsed came from, and what is known of them besides their structure.

Nodes have no positions (equality is structure), but checks run after parsing need them for their messages; so they
are kept beside the tree, by object identity, for as long as one text is parsed.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TypeVar

from query.model.errors import Position, QuerySyntaxError
from query.promql.syntax.nodes import Binary, Expr, Matching, Paren, Unary, ValueType
from query.promql.syntax.types import of_binary, type_of
from query.promql.syntax.written_durations import WrittenDurations
from query.syntax.limits import Limits

Node = TypeVar("Node", bound=Expr)


@dataclass(frozen=True, slots=True)
class Place:
    """``node`` starts at ``start`` and has the type it would have if its parts had theirs.

    ``operator`` is where an operation's operator stands and ``matching`` what was written there, which a tree with a
    scalar side does not keep. ``has_outer_name`` tells of a selector that its metric name was written in front of the
    braces.
    """

    node: Expr
    start: int
    height: int
    value_type: ValueType
    operator: int
    matching: Matching
    has_outer_name: bool


@dataclass(frozen=True, slots=True)
class Places:
    """The places of all nodes of ``text``; holds the nodes, so that an identity is never that of another node.

    ``durations`` tells how durations were written.
    """

    text: str
    limits: Limits
    durations: WrittenDurations = field(default_factory=WrittenDurations)
    _by_id: dict[int, Place] = field(default_factory=dict)

    def put(
        self,
        node: Node,
        start: int,
        *below: Expr,
        inner_height: int = 0,
        operator: int | None = None,
        matching: Matching = Matching(),  # noqa: B008 — immutable
        has_outer_name: bool = False,
    ) -> Node:
        """Note where ``node`` starts and return it; ``QuerySyntaxError`` if it is taller than the limit.

        ``below`` are its children, which were put before; ``inner_height`` is that of its durations.
        """
        height = 1 + max((self._by_id[id(child)].height for child in below), default=0) + inner_height
        at = start if operator is None else operator
        if height > self.limits.max_depth:
            raise self.too_deep(at)
        place = Place(node, start, height, self._type(node), at, matching, has_outer_name)
        self._by_id[id(node)] = place
        return node

    def move(self, old: Expr, new: Node, *, inner_height: int = 0) -> Node:
        """Note that ``new`` stands where ``old`` did and return it."""
        place = self._by_id[id(old)]
        self._by_id[id(new)] = replace(place, node=new, height=place.height + inner_height)
        return new

    def of(self, node: Expr) -> Place:
        """Return the place of a node that was put."""
        return self._by_id[id(node)]

    def error(self, message: str, offset: int) -> QuerySyntaxError:
        """Return (to be raised) the error ``message`` at ``offset``."""
        return QuerySyntaxError(message, Position.at(self.text, offset))

    def too_deep(self, offset: int) -> QuerySyntaxError:
        """Return (to be raised) the error for going deeper than the limit."""
        return self.error(
            f"expression is nested deeper than max_depth={self.limits.max_depth}, where every operator of a chain "
            "counts as one level; simplify it or split it into several queries",
            offset,
        )

    def _type(self, node: Expr) -> ValueType:
        match node:
            case Paren() | Unary():
                return self._by_id[id(node.expr)].value_type
            case Binary():
                return of_binary(self._by_id[id(node.left)].value_type, self._by_id[id(node.right)].value_type)
            case _:
                return type_of(node)
