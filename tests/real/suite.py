"""Ask gateways and oracles many questions at once, and judge the answers.

One question after the other leaves a machine idle: the gateway waits for its clusters, the test for the gateway. Here
a number of questions are under way at any time. What an oracle said is kept for as long as the same is asked again
soon, which the order of :mod:`tests.real.suite_cases` sees to.
"""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

import aiohttp

from tests.real.answers import Answer, read_body
from tests.real.asking import REQUEST_TIMEOUT_S, When
from tests.real.comparison import POSITION, differences, equal_values, report
from tests.real.fleet import Fleet, Kind, Topology
from tests.real.oracle import choice_operand, is_unspoken, thanos_may_differ

UNDER_WAY: Final = 16
KEPT_ANSWERS: Final = 400
DUPLICATES: Final = ("many-to-many matching not allowed", "multiple matches for labels")
PRUNING: Final = re.compile(r"\b(cluster|region|provider)\s*(=|!)")
COUNT_AND_SUM: Final = re.compile(r"\b(histogram_count|histogram_sum|histogram_avg|timestamp|start_timestamp|absent)\b")
OF_BUCKETS: Final = (
    "conflicting counter resets during histogram aggregation",
    "mismatched custom buckets were reconciled during aggregation",
)
AT_IN_TWO_SUBQUERIES: Final = re.compile(r"@.*\[[^\]]*:[^\]]*\].*\[[^\]]*:[^\]]*\]", re.DOTALL)
QUANTILE: Final = re.compile(r"histogram_quantiles?\(.*\bpool_balance\b")
ZERO_THRESHOLD: Final = 0.01
"""Of ``pool_balance``."""
UNPUSHED: Final = {"pushdown": "off"}


class Outcome(StrEnum):
    """What came of a question.

    ``DIFFERENT`` and ``FAILED`` are bugs, ``REFUSED`` is a promise not kept. ``UNSEEN``: a binary operation asks only
    the clusters that can match on both sides, while one Prometheus also looks at the others and fails if one side of
    theirs has duplicates, which could never have met a partner. ``NOTES``: the same rows, but another note: one about
    a part that the matchers on cluster labels make irrelevant, or one about histograms' buckets below a function that
    makes Prometheus read counts and sums only. ``SLIP``: Prometheus forgets ``@`` below two subqueries that happen to
    begin at the same time (``setOffsetForAtModifier`` is left out for the inner one); the gateway does not.
    """

    IDENTICAL = "identical to the bit"
    LAST_DIGIT = "last digit of a sum or mean"
    CHOICE = "another choice of equals (topk, bottomk, limitk)"
    AS_THANOS = "as one Thanos Query answers"
    UNSPOKEN = "the cluster's Thanos does not know the syntax"
    UNDECIDED = "the clusters' own servers disagree"
    UNSEEN = "duplicates in a cluster that could not match"
    NOTES = "a warning or info about what was not read"
    SLIP = "@ below two subqueries that begin together, computed at the gateway"
    EMPTY_SIDE = "a quantile in the zero bucket beside empty buckets, which JSON does not show"
    REFUSED = "refused"
    DIFFERENT = "different"
    FAILED = "no answer"


@dataclass(frozen=True, slots=True)
class Case:
    """One question to the gateway of a topology."""

    query: str
    topology: Topology
    when: When
    is_pushed: bool = True

    @property
    def where(self) -> str:
        """Describe everything but the query."""
        return f"{self.topology.name}, {self.when.name}" + ("" if self.is_pushed else ", pushdown off")


@dataclass(frozen=True, slots=True)
class Result:
    """A judged case; ``text`` says what differs, or why it was refused."""

    case: Case
    outcome: Outcome
    text: str = ""


@dataclass(slots=True)
class Suite:
    """Asks over ``session``; ``gateways`` are URLs by the topology's name."""

    fleet: Fleet
    gateways: Mapping[str, str]
    session: aiohttp.ClientSession
    _known: OrderedDict[tuple[str, str, When], asyncio.Task[Answer]] = field(default_factory=OrderedDict)

    async def run(self, cases: Iterable[Case], on_result: Callable[[Result], None]) -> None:
        """Judge every case, ``UNDER_WAY`` at a time; results come as they are ready."""
        waiting = iter(cases)

        async def work() -> None:
            for case in waiting:
                on_result(await self.judge(case))

        async with asyncio.TaskGroup() as group:
            for _ in range(UNDER_WAY):
                group.create_task(work())

    async def judge(self, case: Case) -> Result:
        """Ask the gateway and its oracle."""
        try:
            return await self._judge(case)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            return Result(case, Outcome.FAILED, f"{case.query}\n{case.where}\n{type(error).__name__}: {error}")

    async def _judge(self, case: Case) -> Result:
        parameters = {} if case.is_pushed else UNPUSHED
        gateway = self.gateways[case.topology.name]
        got = await self._ask(gateway, case.query, case.when, parameters)
        if got.is_refusal:
            return Result(case, Outcome.REFUSED, got.error)
        oracles = self.fleet.oracles[len(case.topology.kinds)]
        expected = await self._recall(oracles.prometheus, case.query, case.when)
        outcome, found = await self._compare(case, oracles.prometheus, expected, got)
        if not found:
            return Result(case, outcome)
        if not got.is_error and any(text in expected.error for text in DUPLICATES):
            return Result(case, Outcome.UNSEEN)
        if _differ_in_notes_nobody_reads(case.query, expected, got):
            return Result(case, Outcome.NOTES)
        if not case.is_pushed and AT_IN_TWO_SUBQUERIES.search(case.query):
            return Result(case, Outcome.SLIP)
        if not case.is_pushed and _differ_by_an_empty_side(case.query, expected, got):
            return Result(case, Outcome.EMPTY_SIDE)
        if Kind.THANOS in case.topology.kinds:
            thanos = await self._recall(oracles.thanos, case.query, case.when)
            outcome, found = await self._forgive_thanos(case, expected, thanos, got, found)
            expected = thanos if outcome is Outcome.DIFFERENT and thanos.is_error is False else expected
        return Result(case, outcome, report(case.query, case.where, found, expected, got) if found else "")

    async def _compare(self, case: Case, oracle: str, expected: Answer, got: Answer) -> tuple[Outcome, list[str]]:
        if not differences(case.query, expected, got, is_exact=True):
            return Outcome.IDENTICAL, []
        found = differences(case.query, expected, got)
        if not found:
            return Outcome.LAST_DIGIT, []
        operand = choice_operand(case.query)
        if operand:
            candidates = await self._recall(oracle, operand, case.when)
            found = differences(case.query, expected, got, candidates)
            if not found:
                return Outcome.CHOICE, []
        return Outcome.DIFFERENT, found

    async def _forgive_thanos(
        self, case: Case, expected: Answer, thanos: Answer, got: Answer, found: list[str]
    ) -> tuple[Outcome, list[str]]:
        """Judge an answer over Thanos that isn't a Prometheus's: where Thanos differs, no gateway can know better."""
        if not differences(case.query, expected, thanos):
            return Outcome.DIFFERENT, found
        if is_unspoken(expected, thanos):
            return (Outcome.UNSPOKEN, []) if got.error_type == "bad_data" else (Outcome.UNDECIDED, [])
        oracle = self.fleet.oracles[len(case.topology.kinds)].thanos
        _, unlike = await self._compare(case, oracle, thanos, got)
        if not unlike:
            return Outcome.AS_THANOS, []
        if Kind.BARE in case.topology.kinds or thanos_may_differ(case.query):
            return Outcome.UNDECIDED, []
        if any(not differences(case.query, _without_notes(one), _without_notes(got)) for one in (expected, thanos)):
            return Outcome.UNDECIDED, []  # the two engines say different things about the same rows
        return Outcome.DIFFERENT, unlike

    async def _recall(self, url: str, query: str, when: When) -> Answer:
        key = (url, query, when)
        task = self._known.get(key)
        if task is None:
            task = self._known[key] = asyncio.create_task(self._ask(url, query, when, {}))
            while len(self._known) > KEPT_ANSWERS:
                self._known.popitem(last=False)
        return await asyncio.shield(task)

    async def _ask(self, url: str, query: str, when: When, more: Mapping[str, str]) -> Answer:
        path = "query_range" if when.step_s else "query"
        form = {"query": query, **when.parameters(), **more}
        timeout = aiohttp.ClientTimeout(REQUEST_TIMEOUT_S)
        async with self.session.post(f"{url}/api/v1/{path}", data=form, timeout=timeout) as response:
            return read_body(response.status, await response.read())


def _differ_in_notes_nobody_reads(query: str, expected: Answer, got: Answer) -> bool:
    """Tell whether the answers are the same but for the notes that ``Outcome.NOTES`` is about."""
    if differences(query, _without_notes(expected), _without_notes(got)):
        return False
    want, have = _notes(expected), _notes(got)
    if have < want and PRUNING.search(query):
        return True
    return COUNT_AND_SUM.search(query) is not None and all(note.endswith(OF_BUCKETS) for note in want ^ have)


def _differ_by_an_empty_side(query: str, expected: Answer, got: Answer) -> bool:
    """Tell whether each other value is the same share of half the zero bucket as the expected one is of the whole."""
    if not QUANTILE.match(query):
        return False
    want = {(row.labels, at): value for row in expected.rows for at, value in row.samples}
    have = {(row.labels, at): value for row in got.rows for at, value in row.samples}
    return want.keys() == have.keys() and all(
        equal_values(value, have[key]) or equal_values(abs(2 * have[key] - value), ZERO_THRESHOLD, 1e-9)
        for key, value in want.items()
    )


def _without_notes(answer: Answer) -> Answer:
    return replace(answer, warnings=(), infos=())


def _notes(answer: Answer) -> set[str]:
    return {POSITION.sub("", note) for note in (*answer.warnings, *answer.infos)}
