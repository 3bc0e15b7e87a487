"""Generated expressions: the corpus holds what somebody thought of, this the rest.

``python -m tests.real.generated --count 20000 --seed 7`` looks further, and makes what it finds smaller; such a query
is then best added to the corpus.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from itertools import islice

import pytest

from tests.real.asking import LATE
from tests.real.fleet import SUITE, Fleet
from tests.real.generator import Generator, generated_cases
from tests.real.oracle import Oracle
from tests.real.running import asking
from tests.real.shrink import shrunk, smaller
from tests.real.suite import Outcome, Result

SHOWN_AT_MOST = 10
REFUSED_AT_MOST = 0.15
"""Share of the questions that the gateway may refuse; lowered as the gateway learns to compute more."""
UNDECIDED_AT_MOST = 0.06


@pytest.mark.timeout(3600)
def test_generated_expressions_are_answered_as_by_one_server(
    request: pytest.FixtureRequest, suite_fleet: Fleet, suite_gateways: Mapping[str, str]
) -> None:
    count, seed = request.config.getoption("--generated"), request.config.getoption("--seed")
    results: list[Result] = []

    async def ask() -> None:
        async with asking(suite_fleet, suite_gateways) as suite:
            await suite.run(islice(generated_cases(seed, SUITE), count), results.append)

    asyncio.run(ask())
    counts = Counter(result.outcome for result in results)
    wrong = [result.text for result in results if result.outcome in {Outcome.DIFFERENT, Outcome.FAILED}]
    assert not wrong, f"{len(wrong)} of {count} differ (seed {seed}):\n\n" + "\n\n".join(wrong[:SHOWN_AT_MOST])
    assert counts[Outcome.REFUSED] <= REFUSED_AT_MOST * count, (seed, counts)
    assert counts[Outcome.UNDECIDED] <= UNDECIDED_AT_MOST * count, (seed, counts)


def test_the_generator_repeats_itself_and_makes_right_expressions(oracle: Oracle) -> None:
    first, second = Generator(11), Generator(11)
    queries = [first.query() for _ in range(150)]
    assert queries == [second.query() for _ in range(150)]
    answers = [oracle.prometheus.ask(query, LATE) for query in queries]
    assert [answer.error for answer in answers if answer.error_type == "bad_data"] == []
    assert sum(bool(answer.rows) for answer in answers) > len(queries) / 2
    assert len(set(queries)) > 0.9 * len(queries)


async def test_a_failing_query_is_made_as_small_as_what_makes_it_fail() -> None:
    query = 'topk(2, sum by (a, b) (rate(x{c="1",d="2"}[5m] offset 1m)) / on (a) group_left () max by (a) (y @ end()))'

    async def fails(candidate: str) -> bool:
        return "rate(x{" in candidate and 'c="1"' in candidate

    assert await shrunk(query, fails) == 'rate(x{c="1"}[5m])'
    assert all(len(text) < len(query) for text in smaller(query))
