"""The PromQL syntax tree: immutable, structural equality, no positions.

Positions belong to errors, which the parser raises; a tree that is rewritten has none. Every node is a frozen slotted
dataclass with tuples inside, so trees can be dictionary keys and two equal queries are equal objects.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias

from query.model.matchers import Matcher


class ValueType(Enum):
    """The four types of a PromQL expression; the value is how upstream writes them in errors."""

    SCALAR = "scalar"
    STRING = "string"
    VECTOR = "instant vector"
    MATRIX = "range vector"


class AtAnchor(Enum):
    """``@ start()`` and ``@ end()``: the bounds of the evaluation, known only when it is planned."""

    START = "start"
    END = "end"


class DurationFunction(Enum):
    """Functions of duration expressions."""

    STEP = "step"
    RANGE = "range"
    MIN = "min_of"
    MAX = "max_of"


@dataclass(frozen=True, slots=True)
class DurationLiteral:
    """A duration of whole milliseconds: ``[5m]``, ``offset -30s``, ``[300]``."""

    ms: int


@dataclass(frozen=True, slots=True)
class DurationNumber:
    """A plain number of seconds inside arithmetic (``1h * 0.5``), or one that is no whole number of milliseconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class DurationUnary:
    """``-`` before a duration expression that is not a literal (a ``+`` changes nothing and is dropped)."""

    op: str
    operand: DurationExpr


@dataclass(frozen=True, slots=True)
class DurationBinary:
    """Arithmetic on durations, in seconds: ``+ - * / % ^``. Parentheses are the tree's shape, printing adds them."""

    op: str
    left: DurationExpr
    right: DurationExpr


@dataclass(frozen=True, slots=True)
class DurationCall:
    """``step()``, ``range()``, ``min_of(a, b)``, ``max_of(a, b)``."""

    function: DurationFunction
    arguments: tuple[DurationExpr, ...] = ()


DurationExpr: TypeAlias = DurationLiteral | DurationNumber | DurationUnary | DurationBinary | DurationCall
At: TypeAlias = int | AtAnchor | None
"""``@``: a fixed time in milliseconds, an anchor, or nothing."""

NO_OFFSET = DurationLiteral(0)


@dataclass(frozen=True, slots=True, eq=False)
class NumberLiteral:
    """A float. ``is_duration`` remembers that it was written as one (``5m``), which printing keeps.

    Equal if it prints the same: ``NaN`` equals itself, ``0`` and ``-0`` differ (so do ``1 / 0`` and ``1 / -0``).
    """

    value: float
    is_duration: bool = False

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, NumberLiteral):
            return NotImplemented
        return (float(self.value).hex(), self.is_duration) == (float(other.value).hex(), other.is_duration)

    def __hash__(self) -> int:
        return hash((float(self.value).hex(), self.is_duration))


@dataclass(frozen=True, slots=True)
class StringLiteral:
    """A string, unquoted."""

    value: str


@dataclass(frozen=True, slots=True)
class VectorSelector:
    """``name{matchers} offset … @ …``. The metric name is an equality matcher on ``__name__`` like any other."""

    matchers: tuple[Matcher, ...]
    offset: DurationExpr = NO_OFFSET
    at: At = None
    anchored: bool = False
    smoothed: bool = False


@dataclass(frozen=True, slots=True)
class MatrixSelector:
    """``selector[range]``; offset, ``@``, ``anchored`` and ``smoothed`` live on the selector."""

    selector: VectorSelector
    range: DurationExpr


@dataclass(frozen=True, slots=True)
class Subquery:
    """``expr[range:step] offset … @ …``; without a step the server's default evaluation interval applies."""

    expr: Expr
    range: DurationExpr
    step: DurationExpr | None = None
    offset: DurationExpr = NO_OFFSET
    at: At = None


@dataclass(frozen=True, slots=True)
class Call:
    """A function applied to arguments."""

    function: str
    args: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Aggregate:
    """``op by|without (grouping) (param, expr)``. No grouping clause is ``by ()``."""

    op: str
    expr: Expr
    param: Expr | None = None
    grouping: tuple[str, ...] = ()
    without: bool = False


class Cardinality(Enum):
    """How many series of each side may match."""

    ONE_TO_ONE = "one-to-one"
    MANY_TO_ONE = "many-to-one"  # group_left
    ONE_TO_MANY = "one-to-many"  # group_right
    MANY_TO_MANY = "many-to-many"  # and, or, unless


@dataclass(frozen=True, slots=True)
class Matching:
    """How the sides of a vector operation are matched. The default matching is ``ignoring ()``."""

    labels: tuple[str, ...] = ()
    on: bool = False
    cardinality: Cardinality = Cardinality.ONE_TO_ONE
    include: tuple[str, ...] = ()
    fill_left: float | None = None
    fill_right: float | None = None


@dataclass(frozen=True, slots=True)
class Binary:
    """``left op right``. ``matching`` is None exactly if a side is a scalar."""

    op: str
    left: Expr
    right: Expr
    matching: Matching | None = None
    returns_bool: bool = False


@dataclass(frozen=True, slots=True)
class Unary:
    """``+expr`` or ``-expr``."""

    op: str
    expr: Expr


@dataclass(frozen=True, slots=True)
class Paren:
    """``(expr)``; kept, so that printing gives the query back."""

    expr: Expr = field()


@dataclass(frozen=True, slots=True)
class Placed:
    """A leaf that the planner puts where a subtree was: its value comes from elsewhere.

    Base of the nodes in ``query.promql.plan.nodes``; the parser never makes one, and nothing prints it as PromQL.
    """

    @property
    def value_type(self) -> ValueType:
        """Type of the value; an instant vector unless the node says otherwise."""
        return ValueType.VECTOR

    def describe(self) -> str:
        """Return the stable text of the node in a printed plan."""
        raise TypeError(f"{type(self).__name__} does not say how it prints")


Expr: TypeAlias = (
    NumberLiteral
    | StringLiteral
    | VectorSelector
    | MatrixSelector
    | Subquery
    | Call
    | Aggregate
    | Binary
    | Unary
    | Paren
    | Placed
)

SET_OPERATORS = frozenset({"and", "or", "unless"})
COMPARISON_OPERATORS = frozenset({"==", "!=", ">", "<", ">=", "<="})
TRIM_OPERATORS = frozenset({"</", ">/"})
ARITHMETIC_OPERATORS = frozenset({"+", "-", "*", "/", "%", "^", "atan2"})
AGGREGATIONS_WITH_PARAM = frozenset({"topk", "bottomk", "quantile", "count_values", "limitk", "limit_ratio"})
AGGREGATIONS = frozenset({"sum", "avg", "count", "min", "max", "group", "stddev", "stdvar"}) | AGGREGATIONS_WITH_PARAM
