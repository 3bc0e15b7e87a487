"""A query is asked at a replica that holds all it reads, and nowhere else than at the complete view if none does."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from tests.real.answers import Answer
from tests.real.asking import Asker, When
from tests.real.comparison import differences
from tests.real.conftest import StartGateway
from tests.real.faulty import Fault, Faulty
from tests.real.gateway import Gateway
from tests.real.replicated import (
    CLUSTER,
    END_S,
    GAP_A,
    GAP_B,
    RECENT_S,
    START_S,
    UNREACHABLE_B,
    Replicated,
    start_replicated,
)
from tests.real.supervisor import Supervisor

FRONTS = ("a", "b", "complete")
AT_A = END_S - 60
SETTLE_S = 20.0


@pytest.fixture(scope="module")
def replicated(
    supervisor: Supervisor, binaries: Mapping[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Replicated:
    return start_replicated(supervisor, binaries, tmp_path_factory.mktemp("replicated"))


@pytest.fixture(scope="module")
def fronts(replicated: Replicated) -> Iterator[Mapping[str, Faulty]]:
    with ExitStack() as stack:
        yield {name: stack.enter_context(Faulty(getattr(replicated, name))) for name in FRONTS}


class Asking:
    """Asks the gateway, and tells which servers it passed the question on to."""

    def __init__(self, gateway: Gateway, fronts: Mapping[str, Faulty], http: httpx.Client) -> None:
        self._asker = Asker(gateway.prometheus_url, http)
        self._fronts = fronts

    def ask(self, query: str, at_s: float) -> tuple[str, Answer]:
        before = {name: len(front.queries) for name, front in self._fronts.items()}
        answer = self._asker.ask(query, When("", at_s))
        asked = [
            name
            for name, front in self._fronts.items()
            if any("work_total" in text for text in front.queries[before[name] :])
        ]
        return "+".join(asked), answer

    def where(self, query: str, at_s: float) -> str:
        """Ask twice: the first time may find times that nobody has looked at yet."""
        self.ask(query, at_s)
        return self.ask(query, at_s)[0]

    def over(self, query: str, start_s: float, end_s: float) -> Answer:
        return self._asker.ask(query, When("", start_s, end_s, 60))

    def until(self, expected: str, query: str, at_s: float) -> None:
        deadline = time.monotonic() + SETTLE_S
        while self.ask(query, at_s)[0] != expected:
            assert time.monotonic() < deadline, f"not asked at {expected} within {SETTLE_S} s"


@pytest.fixture(scope="module")
def gateway(fronts: Mapping[str, Faulty], start_gateway: StartGateway) -> Gateway:
    metrics = {"url": fronts["complete"].url, "replicas": [fronts["a"].url, fronts["b"].url]}
    limits = {"cluster_timeout_s": 10.0, "query_timeout_s": 30.0, "breaker_open_s": 0.2}
    return start_gateway("replicas", [{"name": CLUSTER, "metrics": metrics}], limits=limits)


@pytest.fixture
def asking(gateway: Gateway, fronts: Mapping[str, Faulty], http: httpx.Client) -> Asking:
    """Give servers that answer, and a gateway that knows it."""
    for front in fronts.values():
        front.fault = Fault.NONE
    asking = Asking(gateway, fronts, http)
    asking.until("a", "rate(work_total[1m])", AT_A)
    asking.until("b", "rate(work_total[1m])", GAP_A[1])
    return asking


@pytest.mark.parametrize(
    ("at_s", "range_s", "expected"),
    [
        (AT_A, 600, "a"),
        (AT_A, 3_000, "a"),
        (GAP_A[1] + 60, 600, "b"),
        (GAP_A[1] + 90, 30, "a"),
        (GAP_B[1] + 60, 600, "a"),
        (AT_A, 6_000, "complete"),
        (RECENT_S + 300, 600, "complete"),
        (RECENT_S - 600, 600, "complete"),
        (END_S + 3_600, 600, "complete"),
    ],
)
def test_the_first_replica_without_a_gap_is_asked_else_the_complete_view(
    asking: Asking, at_s: float, range_s: int, expected: str
) -> None:
    assert asking.where(f"sum by (instance) (rate(work_total[{range_s}s]))", at_s) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("sum(work_total)", "a"),
        ("sum(work_total offset 18m)", "b"),
        (f"sum(work_total @ {RECENT_S - 1000})", "complete"),
        ("sum(sum_over_time(work_total[1m])) + sum(work_total offset 50m)", "complete"),
        ("max_over_time(sum(work_total)[30m:1m])", "b"),
        ("max_over_time(sum(work_total)[10m:1m])", "a"),
        ("increase(work_total[20m])", "b"),
        ("increase(work_total[20m] offset -10m)", "a"),
        ('sum(work_total) + sum(work_total{cluster="elsewhere"} offset 2h)', ""),
        ('sum(work_total) or sum(work_total{cluster="elsewhere"} offset 2h)', "a"),
    ],
)
def test_offsets_at_and_subqueries_count(asking: Asking, query: str, expected: str) -> None:
    assert asking.where(query, RECENT_S + 3_000) == expected


def test_a_target_that_only_the_peer_reached_is_a_gap(asking: Asking, fronts: Mapping[str, Faulty]) -> None:
    query = "sum(rate(work_total[2m]))"
    fronts["a"].fault = Fault.REFUSED
    asking.until("complete", query, UNREACHABLE_B[1] - 30)
    asking.until("b", query, UNREACHABLE_B[0] - 60)
    asking.until("complete", query, UNREACHABLE_B[1] - 30)


@pytest.mark.parametrize(
    "query",
    [
        "resets(work_total[30m])",
        "rate(work_total[5m])",
        "work_total",
        "sum by (cluster, prometheus) (increase(work_total[10m]))",
        "count by (replica) (work_total)",
        'work_total{prometheus="monitoring/main",cluster="seoul"}',
        'work_total{prometheus=~"other.*"}',
        'work_total{replica="a"}',
        "topk(1, work_total)",
        'label_replace(work_total, "where", "$1", "prometheus", "(.*)/main")',
    ],
)
def test_an_answer_of_a_replica_is_that_of_a_server_which_missed_nothing(
    replicated: Replicated, asking: Asking, http: httpx.Client, query: str
) -> None:
    start_s, end_s = GAP_A[1] + 2_400, END_S - 60
    expected = Asker(replicated.whole, http).ask(query, When("", start_s, end_s, 60))
    assert not expected.is_error
    assert not differences(query, expected, asking.over(query, start_s, end_s))


def test_history_comes_from_the_complete_view(replicated: Replicated, asking: Asking, http: httpx.Client) -> None:
    for query in ("sum by (instance) (max_over_time(work_total[5m]))", "count(work_total)"):
        when = When("", START_S + 600, END_S - 60, 60)
        expected = Asker(replicated.complete, http).ask(query, when)
        got = asking.over(query, when.start_s, when.end_s)
        assert not differences(query, expected, got)
        assert got.rows[0].samples[0][0] == when.start_s * 1_000


@pytest.mark.parametrize("fault", [Fault.RESET, Fault.CUT, Fault.GARBAGE, Fault.STATUS_500, Fault.REFUSED])
def test_a_replica_that_fails_is_replaced_within_the_query(
    asking: Asking, fronts: Mapping[str, Faulty], fault: Fault
) -> None:
    query = "sum(increase(work_total[5m]))"
    at_s = RECENT_S + 1_200
    expected = asking.ask(query, at_s)[1]
    fronts["a"].fault = fault
    where, answer = asking.ask(query, at_s)
    assert where.endswith("b")
    assert (answer.rows, answer.warnings) == (expected.rows, ())
    fronts["b"].fault = fault
    where, answer = asking.ask(query, at_s)
    assert where.endswith("complete")
    assert (answer.rows, answer.warnings, answer.headers["x-lma-complete"]) == (expected.rows, (), "true")


def test_a_replica_that_falls_silent_is_given_up_long_before_the_deadline(
    asking: Asking, fronts: Mapping[str, Faulty]
) -> None:
    fronts["a"].fault = Fault.SILENT
    began = time.monotonic()
    where, answer = asking.ask("sum(increase(work_total[5m]))", RECENT_S + 1_200)
    assert time.monotonic() - began < 8
    assert where.endswith("b")
    assert not answer.warnings


def test_a_dead_complete_view_does_not_take_its_replicas_with_it(asking: Asking, fronts: Mapping[str, Faulty]) -> None:
    fronts["complete"].fault = Fault.REFUSED
    where, answer = asking.ask("sum(increase(work_total[5m]))", RECENT_S + 1_200)
    assert where == "a"
    assert not answer.is_error
    assert asking.ask("sum(increase(work_total[5m]))", RECENT_S - 1_200)[1].error_type == "unavailable"


def test_parameters_for_the_complete_view_go_there(asking: Asking, gateway: Gateway, http: httpx.Client) -> None:
    answer = http.get(
        f"{gateway.prometheus_url}/api/v1/query",
        params={"query": "count(work_total)", "time": str(RECENT_S + 1_200), "dedup": "false"},
    ).json()
    assert asking.where("count(work_total)", RECENT_S + 1_200) == "a"
    assert answer["data"]["result"][0]["value"][1] == "6"
