"""The LogQL syntax tree: immutable, structural equality, no positions.

Follows the language of Loki 3.7. Two things are settled while parsing, because Loki settles them there too and they
change no meaning: arithmetic between two number literals is folded, and ``!= "a" or "b"`` (no line filter operator
negates a chain) becomes two filters. Parentheses leave no node; the printer writes those that are needed.

Durations are integer nanoseconds, as in Loki. Ranges have millisecond resolution there.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeAlias

from query.model.matchers import Matcher


class LineFilterOp(Enum):
    """The six line filters; the value is how they are written."""

    CONTAINS = "|="
    NOT_CONTAINS = "!="
    REGEX = "|~"
    NOT_REGEX = "!~"
    PATTERN = "|>"
    NOT_PATTERN = "!>"

    @property
    def is_negative(self) -> bool:
        """True for the three that keep the lines that do not match."""
        return self in (LineFilterOp.NOT_CONTAINS, LineFilterOp.NOT_REGEX, LineFilterOp.NOT_PATTERN)


@dataclass(frozen=True, slots=True)
class LineMatch:
    """One operand of a line filter: a text, regular expression or pattern, or an address range in ``ip()``."""

    value: str
    is_ip: bool = False


@dataclass(frozen=True, slots=True)
class LineFilter:
    """``|= "a" or "b"``: a line passes if any operand matches. Negative filters have exactly one operand."""

    op: LineFilterOp
    matches: tuple[LineMatch, ...]


@dataclass(frozen=True, slots=True)
class JsonParser:
    """``| json``."""


@dataclass(frozen=True, slots=True)
class LogfmtParser:
    """``| logfmt --strict --keep-empty``."""

    strict: bool = False
    keep_empty: bool = False


@dataclass(frozen=True, slots=True)
class RegexpParser:
    """``| regexp "(?P<name>…)"``."""

    pattern: str


@dataclass(frozen=True, slots=True)
class PatternParser:
    """``| pattern "<name> …"``."""

    pattern: str


@dataclass(frozen=True, slots=True)
class UnpackParser:
    """``| unpack``."""


@dataclass(frozen=True, slots=True)
class Extraction:
    """``name="expression"``; the bare form ``name`` has the name as its expression."""

    name: str
    expression: str


@dataclass(frozen=True, slots=True)
class JsonExpressionParser:
    """``| json name="path", …``."""

    extractions: tuple[Extraction, ...]


@dataclass(frozen=True, slots=True)
class LogfmtExpressionParser:
    """``| logfmt name="key", …``."""

    extractions: tuple[Extraction, ...]
    strict: bool = False
    keep_empty: bool = False


@dataclass(frozen=True, slots=True)
class StringFilter:
    """``name="value"`` and the other three matching operators; an absent label is the empty string."""

    matcher: Matcher


@dataclass(frozen=True, slots=True)
class NumberFilter:
    """``name > 5``; a line whose label is absent does not pass."""

    name: str
    op: str
    value: float


@dataclass(frozen=True, slots=True)
class DurationFilter:
    """``name > 5s``."""

    name: str
    op: str
    ns: int


@dataclass(frozen=True, slots=True)
class BytesFilter:
    """``name > 5KB``."""

    name: str
    op: str
    size: int


@dataclass(frozen=True, slots=True)
class IpFilter:
    """``name = ip("10.0.0.0/8")``; ``op`` is ``=`` or ``!=``."""

    name: str
    op: str
    pattern: str


@dataclass(frozen=True, slots=True)
class AndFilter:
    """Both sides; written ``and``, a comma, or nothing at all."""

    left: LabelFilter
    right: LabelFilter


@dataclass(frozen=True, slots=True)
class OrFilter:
    """Either side."""

    left: LabelFilter
    right: LabelFilter


LabelFilter: TypeAlias = StringFilter | NumberFilter | DurationFilter | BytesFilter | IpFilter | AndFilter | OrFilter


@dataclass(frozen=True, slots=True)
class LabelFilterStage:
    """``| filter``."""

    filter: LabelFilter


@dataclass(frozen=True, slots=True)
class LineFormat:
    """``| line_format "template"``."""

    template: str


@dataclass(frozen=True, slots=True)
class LabelAssignment:
    """``name=other`` (a rename: ``value`` is the label that disappears) or ``name="template"``."""

    name: str
    value: str
    is_rename: bool


@dataclass(frozen=True, slots=True)
class LabelFormat:
    """``| label_format name=other, name="template"``."""

    assignments: tuple[LabelAssignment, ...]


@dataclass(frozen=True, slots=True)
class Decolorize:
    """``| decolorize``."""


LabelChoice: TypeAlias = str | Matcher
"""What ``drop`` and ``keep`` list: a label's name, or a condition on it."""


@dataclass(frozen=True, slots=True)
class DropLabels:
    """``| drop a, b="x"``."""

    choices: tuple[LabelChoice, ...]


@dataclass(frozen=True, slots=True)
class KeepLabels:
    """``| keep a, b="x"``."""

    choices: tuple[LabelChoice, ...]


Parser: TypeAlias = (
    JsonParser
    | LogfmtParser
    | RegexpParser
    | PatternParser
    | UnpackParser
    | JsonExpressionParser
    | LogfmtExpressionParser
)
Stage: TypeAlias = (
    LineFilter | Parser | LabelFilterStage | LineFormat | LabelFormat | Decolorize | DropLabels | KeepLabels
)


@dataclass(frozen=True, slots=True)
class LogQuery:
    """``{matchers} stages``: selects log lines."""

    matchers: tuple[Matcher, ...]
    stages: tuple[Stage, ...] = ()


@dataclass(frozen=True, slots=True)
class Unwrap:
    """``| unwrap conversion(label) | filter …``; ``conversion`` is empty, bytes, duration or duration_seconds."""

    label: str
    conversion: str = ""
    filters: tuple[LabelFilter, ...] = ()


@dataclass(frozen=True, slots=True)
class LogRange:
    """``query | unwrap label [interval] offset …``."""

    query: LogQuery
    interval_ns: int
    offset_ns: int = 0
    unwrap: Unwrap | None = None


@dataclass(frozen=True, slots=True)
class Grouping:
    """``by (labels)`` or ``without (labels)``."""

    labels: tuple[str, ...]
    without: bool = False


NO_GROUPING: Final = Grouping(())
"""Of a vector aggregation without a clause: everything in one group."""


@dataclass(frozen=True, slots=True)
class RangeAggregation:
    """``op(param, range) by (…)``. ``param`` is the quantile; no grouping clause keeps the labels."""

    op: str
    range: LogRange
    param: float | None = None
    grouping: Grouping | None = None


@dataclass(frozen=True, slots=True)
class VectorAggregation:
    """``op by (…) (param, expr)``. ``param`` is the k of topk, bottomk and approx_topk."""

    op: str
    expr: MetricExpr
    grouping: Grouping = NO_GROUPING
    param: int | None = None


@dataclass(frozen=True, slots=True)
class LabelReplace:
    """``label_replace(expr, "dst", "replacement", "src", "regex")``."""

    expr: MetricExpr
    destination: str
    replacement: str
    source: str
    regex: str


class Cardinality(Enum):
    """How many series of each side may match; the value is the modifier's name."""

    ONE_TO_ONE = ""
    MANY_TO_ONE = "group_left"
    ONE_TO_MANY = "group_right"


@dataclass(frozen=True, slots=True)
class Matching:
    """How the sides of a vector operation are matched. The default matching is ``ignoring ()``."""

    labels: tuple[str, ...] = ()
    on: bool = False
    cardinality: Cardinality = Cardinality.ONE_TO_ONE
    include: tuple[str, ...] = ()


DEFAULT_MATCHING: Final = Matching()


@dataclass(frozen=True, slots=True)
class Binary:
    """``left op bool on (…) right``."""

    op: str
    left: MetricExpr
    right: MetricExpr
    matching: Matching = DEFAULT_MATCHING
    returns_bool: bool = False


@dataclass(frozen=True, slots=True)
class Literal:
    """A number; a scalar."""

    value: float


@dataclass(frozen=True, slots=True)
class Vector:
    """``vector(number)``: one sample without labels."""

    value: float


@dataclass(frozen=True, slots=True)
class Placed:
    """What a planner puts where an expression was: its value comes from elsewhere. Subclasses say from where."""

    def describe(self) -> str:
        """Return the text a plan shows for it."""
        raise NotImplementedError


MetricExpr: TypeAlias = RangeAggregation | VectorAggregation | LabelReplace | Binary | Literal | Vector | Placed
Expr: TypeAlias = LogQuery | MetricExpr

RANGE_OPERATIONS: Final = frozenset(
    {
        "absent_over_time",
        "avg_over_time",
        "bytes_over_time",
        "bytes_rate",
        "count_over_time",
        "first_over_time",
        "last_over_time",
        "max_over_time",
        "min_over_time",
        "quantile_over_time",
        "rate",
        "rate_counter",
        "stddev_over_time",
        "stdvar_over_time",
        "sum_over_time",
    }
)
VECTOR_OPERATIONS: Final = frozenset(
    {
        "approx_topk",
        "avg",
        "bottomk",
        "count",
        "max",
        "min",
        "sort",
        "sort_desc",
        "stddev",
        "stdvar",
        "sum",
        "topk",
    }
)
OPERATIONS_WITH_K: Final = frozenset({"approx_topk", "bottomk", "topk"})
CONVERSIONS: Final = frozenset({"bytes", "duration", "duration_seconds"})
SET_OPERATORS: Final = frozenset({"and", "or", "unless"})
COMPARISON_OPERATORS: Final = frozenset({"==", "!=", ">", "<", ">=", "<="})
ARITHMETIC_OPERATORS: Final = frozenset({"+", "-", "*", "/", "%", "^"})
