"""Generated LogQL: the corpus holds what somebody thought of, this the rest.

``pytest tests/real/test_logql_generated.py --generated 2000 --seed 7`` looks further; a failure prints the seed and the
query, which is then best added to the corpus.
"""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest

from tests.real.gateway import Gateway
from tests.real.log_answers import LogAnswer, log_differences
from tests.real.log_fleet import LogAsker, LogFleet, LogQuestion
from tests.real.log_sharding import unsharded
from tests.real.logql_generator import Generator

LINES = (
    LogQuestion("backward, 30", 0, 2_700, "backward", 30),
    LogQuestion("forward, 2000", 600.5, 1_500, "forward", 2_000),
)
NUMBERS = (LogQuestion("range", 0, 2_700, step_s=120), LogQuestion("instant", None, 2_400))
ALL_LINES = 5_000
REFUSED_AT_MOST = 0.05
"""Share of the queries that the gateway may refuse; lowered as the gateway learns to compute more."""
ROUNDED = ("avg", "stddev", "stdvar")
OVER_THE_LIMIT = "maximum number of series"


@pytest.mark.timeout(3600)
def test_generated_queries_are_answered_as_by_one_loki(
    request: pytest.FixtureRequest, logs_gateway: Gateway, log_fleet: LogFleet, http: httpx.Client
) -> None:
    count, seed = request.config.getoption("--generated"), request.config.getoption("--seed")
    generator = Generator(seed)
    asked = LogAsker(logs_gateway.url, http, log_fleet.base_s)
    union = LogAsker(log_fleet.union, http, log_fleet.base_s)
    wrong: list[str] = []
    refused = 0
    for number in range(count):
        is_lines = number % 3 == 0
        query = generator.lines() if is_lines else generator.numbers()
        question = (LINES if is_lines else NUMBERS)[number // 3 % 2]
        got = asked.ask(query, question)
        if got.is_refusal:
            refused += 1
            continue
        if "%" in query and any(word in query for word in ROUNDED):
            continue  # a remainder shows the last digits of what it is taken of
        expected = union.ask(unsharded(query), question)
        if OVER_THE_LIMIT in got.error or OVER_THE_LIMIT in expected.error:
            continue
        every = _every(union, query, question, expected)
        found = log_differences(query, expected, got, direction=question.direction, limit=question.limit, every=every)
        if found:
            shown = "\n".join(f"  - {text}" for text in found[:4])
            wrong.append(f"{query}\n  {question.name}; seed {seed}, number {number}\n{shown}")
    assert not wrong, "\n\n".join(wrong[:10])
    assert refused <= count * REFUSED_AT_MOST


def _every(union: LogAsker, query: str, question: LogQuestion, expected: LogAnswer) -> LogAnswer | None:
    """Return the oracle's answer without the limit, where the limit was reached."""
    if expected.metric is not None or len(expected.lines) < question.limit:
        return None
    return union.ask(query, replace(question, limit=ALL_LINES))
