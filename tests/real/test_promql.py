"""Every query of the corpora and the table: answered as one Prometheus with all the data would answer it.

The part of the differential suite that every change is tested with; ``python -m tests.real.conformance`` runs all of
it. A failure lists each query that differs, with both answers.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping

import pytest

from tests.real.corpus import read_corpus
from tests.real.fleet import Fleet
from tests.real.refusals import Refusals
from tests.real.running import asking
from tests.real.suite import Case, Outcome, Result
from tests.real.suite_cases import CORPORA, Numbered, all_sections, numbered, quick_cases

SECTIONS = numbered()
BY_HAND = frozenset(entry.query for name in CORPORA for entry in read_corpus(name))
SHOWN_AT_MOST = 12
UNDECIDED_AT_MOST = 0.02
"""Share of the questions on which a topology's own servers may disagree; see ``Outcome``."""


@pytest.fixture(scope="module")
def refusals(request: pytest.FixtureRequest) -> Iterator[Refusals]:
    read = Refusals.read("promql_refused.txt", updates=request.config.getoption("--update-refused"))
    yield read
    if read.updates:
        entries = [entry for name in CORPORA for entry in read_corpus(name)]
        read.save(entries, "Queries of the corpora that the gateway refuses rather than answering wrongly.")


@pytest.fixture(scope="module")
def outcomes() -> Counter[Outcome]:
    return Counter()


@pytest.mark.parametrize("section", SECTIONS)
def test_the_answers_are_those_of_one_server(
    section: str,
    suite_fleet: Fleet,
    suite_gateways: Mapping[str, str],
    refusals: Refusals,
    outcomes: Counter[Outcome],
) -> None:
    results = asyncio.run(_judge(SECTIONS[section], suite_fleet, suite_gateways))
    outcomes.update(result.outcome for result in results)
    wrong = [result.text for result in results if result.outcome is Outcome.DIFFERENT]
    refused: dict[str, list[str]] = {one.query: [] for one in SECTIONS[section] if one.query in BY_HAND}
    for result in results:
        if result.outcome is Outcome.REFUSED and result.case.query in refused:
            refused[result.case.query].append(result.text)
    for query, messages in refused.items():
        wrong += [f"{query}: {text}" for text in refusals.check(query, messages)]
    assert not wrong, f"{len(wrong)} of {len(results)} differ:\n\n" + "\n\n".join(wrong[:SHOWN_AT_MOST])


def test_hardly_anything_was_undecided(outcomes: Counter[Outcome]) -> None:
    assert outcomes[Outcome.UNDECIDED] <= UNDECIDED_AT_MOST * outcomes.total(), dict(outcomes)


def test_the_suite_is_as_large_as_promised_and_repeats_nothing() -> None:
    queries = [query for section in all_sections() for query in section.queries]
    assert len(queries) >= 1500
    assert len(set(queries)) == len(queries)
    assert len(SECTIONS) == len(all_sections()), "two sections have the same heading"


async def _judge(queries: tuple[Numbered, ...], fleet: Fleet, gateways: Mapping[str, str]) -> list[Result]:
    results: list[Result] = []
    cases: Iterator[Case] = quick_cases(queries)
    async with asking(fleet, gateways) as suite:
        await suite.run(cases, results.append)
    return results
