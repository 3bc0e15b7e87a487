"""The words PromQL's grammar knows, and where they may still be names; source: promql/parser of Prometheus 3.16.

Keywords are recognized in any case. Inside braces none is: every word is a label name there.
"""

from __future__ import annotations

from typing import Final

from query.model.labels import LEGACY_LABEL_NAME, LEGACY_METRIC_NAME
from query.promql.syntax.nodes import AGGREGATIONS, SET_OPERATORS

WORD_OPERATORS: Final = SET_OPERATORS | {"atan2"}
MODIFIERS: Final = frozenset({
    "anchored", "bool", "by", "fill", "fill_left", "fill_right", "group_left", "group_right", "ignoring", "offset",
    "on", "smoothed", "without",
})  # fmt: skip
PREPROCESSORS: Final = frozenset({"start", "end", "step", "range", "max_of", "min_of"})
DURATION_WORDS: Final = frozenset({"step", "range", "max_of", "min_of"})
FILLS: Final = frozenset({"fill", "fill_left", "fill_right"})
NUMBER_WORDS: Final = frozenset({"inf", "nan"})
WORDS: Final = WORD_OPERATORS | AGGREGATIONS | MODIFIERS | PREPROCESSORS | NUMBER_WORDS

NEVER_A_METRIC: Final = NUMBER_WORDS | {"atan2", "bool", "group_left", "group_right", "ignoring", "on"}
"""Words that can't stand for a metric; the others can, where the grammar has no other use for them."""

NEVER_A_GROUPING: Final = NUMBER_WORDS | {"without"}
"""Words that can't be a label name in ``by (…)`` and its like unless quoted."""


def is_plain_metric(name: str) -> bool:
    """Tell whether a metric name can be written without quotes, in any place and on any version of Prometheus."""
    return LEGACY_METRIC_NAME.match(name) is not None and name.lower() not in WORDS


def is_plain_label(name: str) -> bool:
    """Tell whether a label name can be written in braces without quotes."""
    return LEGACY_LABEL_NAME.match(name) is not None


def is_plain_grouping(name: str) -> bool:
    """Tell whether a label name can be written in ``by``, ``on`` and their like without quotes."""
    return is_plain_label(name) and name.lower() not in NEVER_A_GROUPING
