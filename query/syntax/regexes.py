r"""What compiling a query's regular expressions may cost.

RE2 matches in linear time, but some patterns are dear to compile: a repeated Unicode class (``\pL{100}``) takes 35 ms,
20,000 optional items in a row (``a?a?…``) half a second, and a query may hold thousands of patterns. So each query has
a budget, in units of about a millisecond, measured with google-re2 1.1 on the patterns above. What dashboards send is
far below: an alternation of 9,000 names costs 12.
"""

from __future__ import annotations

import re
from typing import Final

from query.model.errors import BadQueryError
from query.syntax.limits import Limits

_CHARACTERS_PER_UNIT: Final = 10_000
_QUADRATIC_AT: Final = 900
_UNICODE_CLASS: Final = re.compile(r"\\[pP]")
_UNICODE_CLASS_COST: Final = 0.25
_REPEATED_UNICODE_COST: Final = 50.0
_REPEAT_COST: Final = 2.5
_LEAST_COST: Final = 0.05


class RegexBudget:
    """What is left of one query's budget."""

    __slots__ = ("_left", "_seen", "_total")

    def __init__(self, limits: Limits) -> None:
        self._total = limits.max_regex_cost
        self._left = float(limits.max_regex_cost)
        self._seen: set[str] = set()

    def spend(self, pattern: str) -> None:
        """Take the estimated cost of ``pattern`` off, once; ``BadQueryError`` if the budget does not reach.

        Also refuses a pattern that is not UTF-8, which RE2 can't be given.
        """
        if pattern in self._seen:
            return
        self._seen.add(pattern)
        if any("\ud800" <= character <= "\udfff" for character in pattern if character > "\x7f"):
            raise BadQueryError("error parsing regexp: invalid UTF-8")
        self._left -= estimate_cost(pattern)
        if self._left < 0:
            raise BadQueryError(
                f"the regular expressions cost more to compile than max_regex_cost={self._total}; "
                "use fewer or simpler ones"
            )


def estimate_cost(pattern: str) -> float:
    """Return about how many milliseconds compiling ``pattern`` takes at worst."""
    unicode_classes = len(_UNICODE_CLASS.findall(pattern))
    optionals = pattern.count("?") - pattern.count("(?") + pattern.count("{0")
    cost = _LEAST_COST + len(pattern) / _CHARACTERS_PER_UNIT
    cost += (optionals / _QUADRATIC_AT) ** 2 + unicode_classes * _UNICODE_CLASS_COST
    if "{" in pattern:
        cost += _REPEATED_UNICODE_COST if unicode_classes else _REPEAT_COST
    return cost
