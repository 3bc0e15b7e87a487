"""Every LogQL query of the corpus: the gateway answers as one Loki holding all the streams, or refuses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest

from query.logql.syntax import parse_query
from query.logql.syntax.nodes import LogQuery
from query.model.errors import GatewayError
from tests.real.corpus import Entry, read_corpus
from tests.real.gateway import Gateway
from tests.real.log_answers import LogAnswer, log_differences
from tests.real.log_fleet import LogAsker, LogFleet, LogQuestion
from tests.real.log_sharding import unsharded
from tests.real.oracle import choice_operand
from tests.real.refusals import Refusals

CORPUS = read_corpus("logql_corpus.txt")
ALL_LINES = 5_000
QUESTIONS = (
    LogQuestion("backward, 30", 0, 2_700, "backward", 30),
    LogQuestion("forward, 30", 0, 2_700, "forward", 30),
    LogQuestion("forward, 7, from within", 601.5, 1_800, "forward", 7),
    LogQuestion("backward, 1", 0, 2_000, "backward", 1),
    LogQuestion("backward, everything of 5 minutes", 900, 1_200, "backward", ALL_LINES, 30),
    LogQuestion("instant", None, 2_400),
)


NUMBERS = (QUESTIONS[0], QUESTIONS[4], QUESTIONS[5])
"""Two steps and an instant: order and limit mean nothing to a query that computes numbers."""


@pytest.fixture(scope="module")
def union(log_fleet: LogFleet, http: httpx.Client) -> LogAsker:
    return LogAsker(log_fleet.union, http, log_fleet.base_s, remembers=True)


@pytest.fixture(scope="module")
def refusals(request: pytest.FixtureRequest) -> Iterator[Refusals]:
    read = Refusals.read("logql_refused.txt", updates=request.config.getoption("--update-refused"))
    yield read
    if read.updates:
        read.save(CORPUS, "Queries of logql_corpus.txt that the gateway refuses rather than answering wrongly.")


def test_the_corpus_repeats_nothing() -> None:
    assert len({entry.query for entry in CORPUS}) == len(CORPUS) >= 800


@pytest.mark.parametrize("entry", CORPUS, ids=lambda entry: entry.id)
def test_the_answer_is_that_of_one_server(
    entry: Entry,
    logs_gateway: Gateway,
    mixed_logs_gateway: Gateway,
    log_fleet: LogFleet,
    union: LogAsker,
    http: httpx.Client,
    refusals: Refusals,
) -> None:
    hidden = LogAsker(logs_gateway.url, http, log_fleet.base_s)
    mixed = LogAsker(mixed_logs_gateway.url, http, log_fleet.base_s)
    wrong, refused = [], []
    first, second = _questions(entry)
    for asked, question in ((hidden, first), (hidden, second), (mixed, first)):
        got = asked.ask(entry.query, question)
        if got.is_refusal:
            refused.append(got.error.strip())
            continue
        expected = union.ask(unsharded(entry.query), question)
        found = log_differences(
            entry.query,
            expected,
            got,
            direction=question.direction,
            limit=question.limit,
            every=_every(union, entry.query, question, expected),
        )
        if found:
            shown = "\n".join(f"  - {text}" for text in found[:6])
            where = "hidden labels" if asked is hidden else "labels hidden and shown"
            wrong.append(f"query: {entry.query}\nasked: {question.name}, {where} (base {log_fleet.base_s})\n{shown}")
    wrong += refusals.check(entry.query, refused)
    assert not wrong, "\n\n".join(wrong)


def _questions(entry: Entry) -> tuple[LogQuestion, LogQuestion]:
    """Return two ways to ask, taking turns over the corpus."""
    try:
        is_lines = isinstance(parse_query(entry.query), LogQuery)
    except GatewayError:
        is_lines = True
    questions = QUESTIONS if is_lines else NUMBERS
    turn = CORPUS.index(entry)
    return questions[turn % len(questions)], questions[(turn + 1) % len(questions)]


def _every(union: LogAsker, query: str, question: LogQuestion, expected: LogAnswer) -> LogAnswer | None:
    """Return what the answer was chosen from, where the choice is free: lines beyond a limit, candidates of topk."""
    if expected.metric is not None:
        operand = choice_operand(query)
        return union.ask(operand, question) if operand else None
    if len(expected.lines) < question.limit:
        return None
    return union.ask(query, replace(question, limit=ALL_LINES))
