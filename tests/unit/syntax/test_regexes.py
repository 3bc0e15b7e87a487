from __future__ import annotations

import time

import pytest

from query.model.errors import BadQueryError
from query.model.matchers import compile_anchored
from query.syntax.limits import Limits
from query.syntax.regexes import RegexBudget, estimate_cost

DEAR = {
    "repeated Unicode class": r"\pL{100}",
    "many Unicode classes": r"[\pL\pN]" * 200,
    "repeat": "[^a]{1000}",
    "optionals": "a?" * 8_000,
    "lazy optionals": "a??" * 5_000,
    "counted optionals": "a{0,1}" * 5_000,
    "alternation": "|".join(f"pod-{number}-abc" for number in range(9_000)),
    "groups": "(a)|" * 20_000,
    "stars": "x*" * 40_000,
    "nested": "(" * 50_000 + ")" * 50_000,
}
ROOM = 6
"""How many times the estimate a pattern may take on a busy machine before the estimate must be called wrong."""


@pytest.mark.parametrize("pattern", DEAR.values(), ids=DEAR.keys())
def test_compiling_costs_no_more_than_estimated(pattern: str) -> None:
    started = time.process_time()
    compile_anchored(pattern).fullmatch("")
    spent_ms = (time.process_time() - started) * 1000
    assert spent_ms < ROOM * max(10, estimate_cost(pattern))


def test_budget_pays_for_what_dashboards_send() -> None:
    budget = RegexBudget(Limits())
    for cluster in range(4):
        budget.spend("|".join(f"pod-{cluster}-{number}" for number in range(9_000)))
    for number in range(200):
        budget.spend(f"(?i:shop-{number}.*)")


def test_budget_is_used_up() -> None:
    budget = RegexBudget(Limits(max_regex_cost=10))
    for _ in range(100):
        budget.spend("x{100}")
    for number in range(2):
        budget.spend(f"x{{100}}{number}")
    with pytest.raises(BadQueryError, match="max_regex_cost=10; use fewer or simpler ones"):
        budget.spend("y{100}")


def test_pattern_that_is_not_text_is_refused() -> None:
    with pytest.raises(BadQueryError, match="error parsing regexp: invalid UTF-8"):
        RegexBudget(Limits()).spend("\udcff")
