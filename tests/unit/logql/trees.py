"""Strategies for LogQL trees, such as the parser could have made."""

from __future__ import annotations

import hypothesis.strategies as st

from query.logql.syntax import nodes as n
from query.model.matchers import Matcher, MatchOp
from query.model.time import NS_PER_MS

NAMES = st.sampled_from(["app", "cluster", "level", "rate", "count", "x1", "__error__", "région"])
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\ufffd"), max_size=8)
PATTERNS = st.sampled_from([".+", "a|b", "x.*", "(?i)y", ""])
ORDERINGS = st.sampled_from([">", ">=", "<", "<=", "!=", "=="])
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
matchers = st.one_of(
    st.builds(Matcher, NAMES, st.sampled_from([MatchOp.EQUAL, MatchOp.NOT_EQUAL]), TEXTS),
    st.builds(Matcher, NAMES, st.sampled_from([MatchOp.REGEX, MatchOp.NOT_REGEX]), PATTERNS),
)
CERTAIN = Matcher("job", MatchOp.EQUAL, "x")
conditions = st.recursive(
    st.one_of(
        st.builds(n.StringFilter, matchers),
        st.builds(n.NumberFilter, NAMES, ORDERINGS, FLOATS),
        st.builds(n.DurationFilter, NAMES, ORDERINGS, st.integers(0, 2**60)),
        st.builds(n.BytesFilter, NAMES, ORDERINGS, st.integers(0, 2**50)),
        st.builds(n.IpFilter, NAMES, st.sampled_from(["=", "!="]), st.just("10.0.0.0/8")),
    ),
    lambda inner: st.builds(n.AndFilter, inner, inner) | st.builds(n.OrFilter, inner, inner),
    max_leaves=5,
)
line_filters = st.one_of(
    st.builds(
        n.LineFilter,
        st.just(n.LineFilterOp.CONTAINS),
        st.lists(st.builds(n.LineMatch, TEXTS, st.booleans()), min_size=1, max_size=3).map(tuple),
    ),
    st.builds(
        n.LineFilter, st.just(n.LineFilterOp.NOT_REGEX), st.builds(n.LineMatch, PATTERNS).map(lambda match: (match,))
    ),
)
extractions = st.lists(st.builds(n.Extraction, NAMES, TEXTS), min_size=1, max_size=3).map(tuple)
choices = st.builds(lambda names, last: (*names, last), st.lists(NAMES | matchers, max_size=2), matchers)
"""Ends with a condition: a bare name would take a line filter behind it as its condition, in Loki's grammar too."""
assignments = st.lists(
    st.builds(n.LabelAssignment, st.sampled_from(["a", "b", "c"]), TEXTS, st.just(False))
    | st.builds(n.LabelAssignment, st.sampled_from(["d", "e"]), NAMES, st.just(True)),
    min_size=1,
    max_size=3,
    unique_by=lambda item: item.name,
).map(tuple)
stages = st.one_of(
    line_filters,
    st.just(n.JsonParser()),
    st.builds(n.LogfmtParser, st.booleans(), st.booleans()),
    st.just(n.UnpackParser()),
    st.just(n.Decolorize()),
    st.just(n.RegexpParser("(?P<a>.)")),
    st.just(n.PatternParser("<a> <_>")),
    st.builds(n.JsonExpressionParser, extractions),
    st.builds(n.LogfmtExpressionParser, extractions, st.booleans(), st.booleans()),
    st.builds(n.LabelFilterStage, conditions),
    st.builds(n.LineFormat, TEXTS),
    st.builds(n.LabelFormat, assignments),
    st.builds(n.DropLabels, choices),
    st.builds(n.KeepLabels, choices),
)
log_queries = st.builds(
    n.LogQuery,
    st.lists(matchers, max_size=2).map(lambda found: (CERTAIN, *found)),
    st.lists(stages, max_size=4).map(tuple),
)
unwraps = st.builds(
    n.Unwrap,
    NAMES,
    st.sampled_from(["", "bytes", "duration", "duration_seconds"]),
    st.lists(conditions, max_size=2).map(tuple),
)
intervals = st.integers(0, 10**10).map(lambda ms: ms * NS_PER_MS)
offsets = st.integers(-(10**15), 10**15)
line_ranges = st.builds(n.LogRange, log_queries, intervals, offsets)
number_ranges = st.builds(n.LogRange, log_queries, intervals, offsets, unwraps)
groupings = st.builds(n.Grouping, st.lists(NAMES, max_size=2).map(tuple), st.booleans())
leaves = st.one_of(
    st.builds(n.RangeAggregation, st.sampled_from(["rate", "count_over_time", "bytes_rate"]), line_ranges),
    st.builds(n.RangeAggregation, st.just("max_over_time"), number_ranges, st.none(), st.none() | groupings),
    st.builds(
        n.RangeAggregation,
        st.just("quantile_over_time"),
        number_ranges,
        st.floats(0, 1, allow_nan=False).map(abs),
        st.none() | groupings,
    ),
    st.builds(n.Vector, st.floats(0, 1e9).map(abs)),
)
matchings = st.one_of(
    st.just(n.DEFAULT_MATCHING),
    st.builds(n.Matching, st.lists(NAMES, max_size=2).map(tuple), st.just(True)),
    st.builds(
        n.Matching,
        st.just(("app",)),
        st.booleans(),
        st.sampled_from([n.Cardinality.MANY_TO_ONE, n.Cardinality.ONE_TO_MANY]),
        st.lists(NAMES, max_size=2).map(tuple),
    ),
)


def _above(inner: st.SearchStrategy[n.MetricExpr]) -> st.SearchStrategy[n.MetricExpr]:
    operators = st.sampled_from(["+", "-", "*", "/", "%", "^", "==", "!=", ">", "<", ">=", "<=", "and", "or", "unless"])
    arithmetic = st.sampled_from(["+", "-", "*", "/", ">", "=="])
    return st.one_of(
        st.builds(n.VectorAggregation, st.sampled_from(["sum", "avg", "count"]), inner, groupings),
        st.builds(n.VectorAggregation, st.sampled_from(["topk", "bottomk"]), inner, groupings, st.integers(1, 100)),
        st.builds(n.Binary, operators, inner, inner, matchings, st.booleans()),
        st.builds(n.Binary, arithmetic, inner, st.builds(n.Literal, FLOATS)),
        st.builds(n.Binary, arithmetic, st.builds(n.Literal, FLOATS), inner),
        st.builds(n.LabelReplace, inner, NAMES, TEXTS, NAMES, PATTERNS),
    )


metrics = st.recursive(leaves, _above, max_leaves=4)
expressions = log_queries | metrics
