"""Generated expressions: the corpus holds what somebody thought of, this the rest.

``pytest tests/real/test_generated.py --generated 5000 --seed 7`` looks further; a failure prints the seed and the
expression, which is then best added to the corpus.
"""

from __future__ import annotations

from collections.abc import Mapping

import httpx
import pytest

from tests.real.answers import Answer
from tests.real.asking import LATE, UNEVEN, Asker
from tests.real.comparison import report
from tests.real.fleet import TOPOLOGIES
from tests.real.gateway import Gateway
from tests.real.generator import Generator
from tests.real.oracle import Oracle

SHOWN_AT_MOST = 10
REFUSED_AT_MOST = 0.10
"""Share of the expressions that the gateway may refuse; lowered as the gateway learns to compute more."""
UNSEEN_AT_MOST = 0.02
"""Share of the expressions in which duplicates may stay unnoticed; see ``_is_unseen_duplicate``."""


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
    refused = empty = failing = unseen = 0
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
        if verdict.found and _is_unseen_duplicate(verdict.expected, got):
            unseen += 1
        elif verdict.found and not verdict.is_undecided:
            where = f"{topology}, {when.name}; seed {seed}, number {number}"
            wrong.append(report(query, where, verdict.found, verdict.expected, got))
    with capsys.disabled():
        print(  # noqa: T201 - whoever runs thousands wants to know what they amounted to
            f"\n  seed {seed}: {count} expressions, {refused} refused, {failing} fail at both, {empty} empty, "
            f"{unseen} with duplicates in a cluster that was not asked"
        )
    assert not wrong, f"{len(wrong)} of {count} differ:\n\n" + "\n\n".join(wrong[:SHOWN_AT_MOST])
    assert unseen <= UNSEEN_AT_MOST * count, f"{unseen} of {count} lack an error about duplicates (seed {seed})"
    assert refused <= REFUSED_AT_MOST * count, f"{refused} of {count} expressions were refused (seed {seed})"


def _is_unseen_duplicate(expected: Answer, got: Answer) -> bool:
    """Tell whether only an error about duplicates is missing.

    A binary operation asks only clusters that can match on both sides. One Prometheus also looks at the others, and
    fails if one side of theirs alone has duplicates, which could never have met a partner. The answer without the
    error is what everything else says; the corpus, unlike this test, holds no such case and forgives none.
    """
    return not got.is_error and "many-to-many matching not allowed" in expected.error


def test_the_generator_repeats_itself_and_makes_right_expressions(oracle: Oracle) -> None:
    first, second = Generator(11), Generator(11)
    queries = [first.query() for _ in range(150)]
    assert queries == [second.query() for _ in range(150)]
    answers = [oracle.prometheus.ask(query, LATE) for query in queries]
    assert [answer.error for answer in answers if answer.error_type == "bad_data"] == []
    assert sum(bool(answer.rows) for answer in answers) > len(queries) / 2
    assert len(set(queries)) > 0.9 * len(queries)
