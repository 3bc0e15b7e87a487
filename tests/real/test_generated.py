"""Generated expressions: the corpus holds what somebody thought of, this the rest.

``pytest tests/real/test_generated.py --generated 5000 --seed 7`` looks further; a failure prints the seed and the
expression, which is then best added to the corpus.
"""

from __future__ import annotations

from collections.abc import Mapping

import httpx
import pytest

from tests.real.asking import LATE, UNEVEN, Asker
from tests.real.comparison import report
from tests.real.fleet import TOPOLOGIES
from tests.real.gateway import Gateway
from tests.real.generator import Generator
from tests.real.oracle import Oracle

SHOWN_AT_MOST = 10
REFUSED_AT_MOST = 0.75
"""Share of the expressions that the gateway may refuse; lowered as the gateway learns to compute more."""


@pytest.mark.timeout(3600)
def test_generated_expressions_are_answered_as_by_one_server(
    request: pytest.FixtureRequest,
    metrics_gateways: Mapping[str, Gateway],
    oracle: Oracle,
    http: httpx.Client,
    capsys: pytest.CaptureFixture[str],
) -> None:
    count, seed = request.config.getoption("--generated"), request.config.getoption("--seed")
    generator = Generator(seed)
    wrong: list[str] = []
    refused = empty = failing = 0
    for number in range(count):
        query = generator.query()
        topology = "mixed" if number % 4 == 0 else "bare"
        when = UNEVEN if number % 3 == 0 else LATE
        got = Asker(metrics_gateways[topology].prometheus_url, http).ask(query, when)
        if got.is_refusal:
            refused += 1
            continue
        verdict = oracle.judge(TOPOLOGIES[topology], query, when, got)
        empty += not got.rows
        failing += got.is_error
        if verdict.found and not verdict.is_undecided:
            where = f"{topology}, {when.name}; seed {seed}, number {number}"
            wrong.append(report(query, where, verdict.found, verdict.expected, got))
    with capsys.disabled():
        print(f"\n  seed {seed}: {count} expressions, {refused} refused, {failing} fail at both, {empty} empty")  # noqa: T201
    assert not wrong, f"{len(wrong)} of {count} differ:\n\n" + "\n\n".join(wrong[:SHOWN_AT_MOST])
    assert refused <= REFUSED_AT_MOST * count, f"{refused} of {count} expressions were refused (seed {seed})"


def test_the_generator_repeats_itself_and_makes_right_expressions(oracle: Oracle) -> None:
    first, second = Generator(11), Generator(11)
    queries = [first.query() for _ in range(150)]
    assert queries == [second.query() for _ in range(150)]
    answers = [oracle.prometheus.ask(query, LATE) for query in queries]
    assert [answer.error for answer in answers if answer.error_type == "bad_data"] == []
    assert sum(bool(answer.rows) for answer in answers) > len(queries) / 2
    assert len(set(queries)) > 0.9 * len(queries)
