"""Which series ``info()`` may join: the selector that its second argument, or the lack of one, amounts to.

Source: ``evalInfo`` and ``effectiveInfoNameMatchers`` in promql/info.go of Prometheus 3.16.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from query.model.labels import METRIC_NAME
from query.model.matchers import Matcher, MatchOp
from query.promql.plan.info_reference import info_reference
from query.promql.syntax.nodes import Call, DurationLiteral, VectorSelector

TARGET_INFO: Final = Matcher(METRIC_NAME, MatchOp.EQUAL, "target_info")
ANY_INFO: Final = Matcher(METRIC_NAME, MatchOp.REGEX, ".+_info")


def info_matchers(call: Call) -> tuple[Matcher, ...]:
    """Return the matchers of the info series that an ``info()`` as written may join."""
    written = call.args[1].matchers if len(call.args) > 1 and isinstance(call.args[1], VectorSelector) else ()
    return (*_names(written), *(matcher for matcher in written if matcher.name != METRIC_NAME))


def info_selector(call: Call) -> VectorSelector:
    """Return the selector of these series at the time that they are looked up; times are pinned."""
    reference = info_reference(call.args[0])
    return VectorSelector(info_matchers(call), DurationLiteral(reference.offset_ms), reference.at_ms)


def _names(matchers: Sequence[Matcher]) -> tuple[Matcher, ...]:
    """Return the matchers on names that are meant: those given, if only negative ones among names of info series."""
    given = tuple(matcher for matcher in matchers if matcher.name == METRIC_NAME)
    if any(matcher.op in {MatchOp.EQUAL, MatchOp.REGEX} for matcher in given):
        return given
    return (ANY_INFO, *given) if given else (TARGET_INFO,)
