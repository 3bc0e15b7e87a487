"""Take turns and measure: every contender answers every question in every round, in changing order.

Nobody is asked to compress: over loopback compression is pure cost, and its share would differ between contenders.
"""

from __future__ import annotations

import gc
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

import aiohttp

from bench.contenders import Contender, WrongAnswerError
from bench.questions import Question
from bench.usage import cpu_seconds

REQUEST_TIMEOUT_S = 120.0
Progress = Callable[[str], None]


@dataclass(slots=True)
class Measured:
    """One contender's rounds of one question: seconds and CPU seconds of a single request, per round."""

    wall_s: list[float] = field(default_factory=list)
    front_cpu_s: list[float] = field(default_factory=list)
    clusters_cpu_s: list[float] = field(default_factory=list)
    bytes_read: int = 0

    @property
    def median_ms(self) -> float:
        """The median time of a request, in milliseconds."""
        return median(self.wall_s) * 1000

    @property
    def front_cpu_ms(self) -> float:
        """Mean CPU of the processes in front per request, in milliseconds (a mean: the clock ticks at 10 ms)."""
        return sum(self.front_cpu_s) / len(self.front_cpu_s) * 1000

    @property
    def clusters_cpu_ms(self) -> float:
        """Mean CPU of the clusters' Prometheus servers per request, in milliseconds."""
        return sum(self.clusters_cpu_s) / len(self.clusters_cpu_s) * 1000


Results = Mapping[str, Mapping[str, Measured]]
"""By question and contender."""


async def measure(
    contenders: Sequence[Contender],
    questions: Sequence[Question],
    cluster_pids: Sequence[int],
    rounds: int,
    tell: Progress,
) -> Results:
    """Warm every contender up, check that they agree, then run the rounds."""
    results = {question.name: {one.name: Measured() for one in contenders} for question in questions}
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0),
        timeout=aiohttp.ClientTimeout(total=REQUEST_TIMEOUT_S),
        headers={"Accept-Encoding": "identity"},
    ) as session:
        for question in questions:
            await _warm_up_and_check(session, contenders, question, results[question.name])
        for number in range(rounds):
            tell(f"round {number + 1} of {rounds}")
            for question in questions:
                for one in _rotated(contenders, number):
                    gc.collect()
                    began, front, clusters = time.perf_counter(), cpu_seconds(one.pids), cpu_seconds(cluster_pids)
                    await one.run(session, question)
                    took_s = time.perf_counter() - began
                    measured = results[question.name][one.name]
                    measured.wall_s.append(took_s / question.times)
                    measured.front_cpu_s.append((cpu_seconds(one.pids) - front) / question.times)
                    measured.clusters_cpu_s.append((cpu_seconds(cluster_pids) - clusters) / question.times)
    return results


def _rotated(contenders: Sequence[Contender], number: int) -> Sequence[Contender]:
    shift = number % len(contenders)
    return (*contenders[shift:], *contenders[:shift])


async def _warm_up_and_check(
    session: aiohttp.ClientSession,
    contenders: Sequence[Contender],
    question: Question,
    measured: Mapping[str, Measured],
) -> None:
    """Ask twice; contenders with one URL must give equally many results, or the comparison is of different work."""
    counts = {}
    for one in contenders:
        await one.ask(session, question)
        bodies = await one.ask(session, question)
        measured[one.name].bytes_read = sum(map(len, bodies))
        if len(bodies) == 1:
            data = json.loads(bodies[0])["data"]
            counts[one.name] = len(data["result"] if isinstance(data, dict) else data)
    if len(set(counts.values())) > 1 or 0 in counts.values():
        raise WrongAnswerError(f"{question.name}: different numbers of results: {counts}")
