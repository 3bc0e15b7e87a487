"""Every query of the corpus: answered as one Prometheus with all the data would, or refused; never otherwise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import httpx
import pytest

from tests.real.asking import EVERY, LATE, UNEVEN, Asker
from tests.real.comparison import report
from tests.real.corpus import Entry, read_corpus
from tests.real.fleet import TOPOLOGIES
from tests.real.gateway import Gateway
from tests.real.oracle import Oracle
from tests.real.refusals import Refusals

CORPUS = read_corpus("promql_corpus.txt")
TIMES = {"bare": EVERY, "thanos": (LATE, UNEVEN), "mixed": (LATE, UNEVEN)}
UNDECIDED_AT_MOST = 60
"""Questions of the mixed topology on which its own servers disagree (see ``oracle``)."""


@pytest.fixture(scope="module")
def refusals(request: pytest.FixtureRequest) -> Iterator[Refusals]:
    read = Refusals.read("promql_refused.txt", updates=request.config.getoption("--update-refused"))
    yield read
    if read.updates:
        read.save(CORPUS, "Queries of promql_corpus.txt that the gateway refuses rather than answering wrongly.")


@pytest.fixture(scope="module")
def undecided() -> list[str]:
    return []


@pytest.mark.parametrize("topology", TOPOLOGIES)
@pytest.mark.parametrize("entry", CORPUS, ids=lambda entry: entry.id)
def test_the_answer_is_that_of_one_server(
    entry: Entry,
    topology: str,
    metrics_gateways: Mapping[str, Gateway],
    oracle: Oracle,
    http: httpx.Client,
    refusals: Refusals,
    undecided: list[str],
) -> None:
    gateway = Asker(metrics_gateways[topology].prometheus_url, http)
    wrong, refused = [], []
    for when in TIMES[topology]:
        got = gateway.ask(entry.query, when)
        if got.is_refusal:
            refused.append(got.error)
            continue
        verdict = oracle.judge(TOPOLOGIES[topology], entry.query, when, got)
        if verdict.is_undecided:
            undecided.append(f"{entry.query} ({when.name})")
        elif verdict.found:
            wrong.append(report(entry.query, f"{topology}, {when.name}", verdict.found, verdict.expected, got))
    wrong += refusals.check(entry.query, refused)
    assert not wrong, "\n\n".join(wrong)


def test_hardly_anything_was_undecided(undecided: list[str]) -> None:
    assert len(undecided) <= UNDECIDED_AT_MOST, "\n".join(undecided)
