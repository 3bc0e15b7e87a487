"""What is asked: one question per kind of work a federated query can mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bench.data import END_S, START_S

STEP_S = 60


@dataclass(frozen=True, slots=True)
class Question:
    """A request to a Prometheus-compatible API; ``at_once`` requests run together, ``times`` times in a round.

    The text is the same for every contender. It names ``cluster`` only where a cluster that does not know the label
    gives the same answer, so the bare client may send it as it is.
    """

    name: str
    path: str
    parameters: Mapping[str, str]
    times: int = 1
    at_once: int = 1


def _instant(query: str) -> Mapping[str, str]:
    return {"query": query, "time": str(END_S - STEP_S)}


def _range(query: str) -> Mapping[str, str]:
    return {"query": query, "start": str(START_S), "end": str(END_S - STEP_S), "step": str(STEP_S)}


QUESTIONS: tuple[Question, ...] = (
    Question("small instant", "query", _instant('bench_memory_bytes{pod="pod-00001"}'), times=20),
    Question("small, 16 at once", "query", _instant('bench_memory_bytes{pod="pod-00001"}'), times=64, at_once=16),
    Question("concatenate many series", "query_range", _range("rate(bench_requests_total[5m])")),
    Question("sum by merge", "query_range", _range("sum by (code) (rate(bench_requests_total[5m]))")),
    Question("average, no labels", "query_range", _range("avg(bench_memory_bytes)")),
    Question(
        "group_left join",
        "query_range",
        _range("sum by (cluster, node) (bench_memory_bytes * on (cluster, pod) group_left (node) bench_pod_info)"),
    ),
    Question("label values", "label/pod/values", {"start": str(START_S), "end": str(END_S)}, times=5),
    Question("series of one pod", "series", {"match[]": '{pod="pod-00001"}', "start": str(START_S)}, times=5),
)
