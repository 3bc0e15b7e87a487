"""What a Loki answered, and whether two answers are the same.

Rules, beside those of :mod:`tests.real.comparison` for metric queries:

* Log queries: the same entries (time, labels of the stream as answered, line, and the third element if there is one),
  each the same number of times; entries of a stream and the whole answer in the asked direction.
* A full answer (as many entries as ``limit``): which entries of the outermost timestamp are in it is nobody's promise.
  Before that timestamp all must be equal; at it, as many, each of them one that the oracle has at that time.
* Errors: the same status. Texts differ between Loki's own versions.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass

import httpx

from tests.real.answers import Answer, LabelSet, Row, read_result
from tests.real.comparison import differences

Line = tuple[int, LabelSet, str, str]
"""Time, labels, text, and the JSON of whatever stands third (structured metadata, parsed labels)."""


@dataclass(frozen=True, slots=True)
class LogAnswer:
    """An answer of ``query`` or ``query_range``: log lines, or a metric answer, or an error."""

    status_code: int
    error: str = ""
    lines: tuple[Line, ...] = ()
    per_stream: tuple[tuple[LabelSet, tuple[int, ...]], ...] = ()
    metric: Answer | None = None
    warnings: tuple[str, ...] = ()

    @property
    def is_error(self) -> bool:
        """True if the server did not answer the question."""
        return self.status_code != httpx.codes.OK

    @property
    def is_refusal(self) -> bool:
        """True if the gateway said that it can't compute this exactly."""
        return self.is_error and "cannot compute" in self.error


def read_log_answer(response: httpx.Response) -> LogAnswer:
    """Read a response of ``query`` or ``query_range``; an answer of another shape is a ValueError."""
    if response.status_code != httpx.codes.OK:
        return LogAnswer(response.status_code, error=response.text)
    body = response.json()
    if body.get("status") != "success":
        raise ValueError(f"no Loki envelope: {response.text[:300]!r}")
    data, warnings = body["data"], tuple(body.get("warnings") or ())
    if data["resultType"] != "streams":
        rows, _ = read_result(data["resultType"], data["result"])
        metric = Answer(response.status_code, data["resultType"], rows)
        return LogAnswer(response.status_code, metric=metric, warnings=warnings)
    lines: list[Line] = []
    per_stream = []
    for stream in data["result"]:
        labels = tuple(sorted(stream["stream"].items()))
        times = []
        for value in stream["values"]:
            third = json.dumps(value[2], sort_keys=True) if len(value) > 2 else ""
            lines.append((int(value[0]), labels, value[1], third))
            times.append(int(value[0]))
        per_stream.append((labels, tuple(times)))
    return LogAnswer(response.status_code, lines=tuple(lines), per_stream=tuple(per_stream), warnings=warnings)


def log_differences(
    query: str, expected: LogAnswer, got: LogAnswer, *, direction: str, limit: int, every: LogAnswer | None = None
) -> list[str]:
    """Return what differs.

    ``every`` is what the answer was chosen from: the oracle's answer without the limit where ``expected`` is full, its
    answer to the aggregated expression where the query is a ``topk`` or ``bottomk``.
    """
    if expected.is_error or got.is_error:
        if expected.status_code != got.status_code:
            want, have = (f"{one.status_code} ({one.error[:300]})" for one in (expected, got))
            return [f"status {have}, expected {want}"]
        return []
    if expected.metric is not None or got.metric is not None:
        return _metric_differences(query, expected, got, every.metric if every else None)
    found = _misordered(got, direction)
    if len(expected.lines) < limit or every is None:
        return found + _line_differences(expected.lines, got.lines)
    if len(got.lines) != limit:
        return [*found, f"{len(got.lines)} entries, expected {limit}"]
    is_backward = direction == "backward"
    edge = min(line[0] for line in expected.lines) if is_backward else max(line[0] for line in expected.lines)
    found += [f"beyond the edge {edge}: {line}" for line in _beyond(got, edge, is_backward)]
    found += _line_differences(_inside(expected, edge, is_backward), _inside(got, edge, is_backward))
    if found:
        return found
    at_edge = Counter(line for line in got.lines if line[0] == edge)
    offered = Counter(line for line in every.lines if line[0] == edge)
    return [f"at the edge {edge}, not in the data: {line}" for line in at_edge - offered]


def _metric_differences(query: str, expected: LogAnswer, got: LogAnswer, candidates: Answer | None) -> list[str]:
    if expected.metric is None or got.metric is None:
        return ["log lines on one side, numbers on the other"]
    return differences(query, _sorted(expected.metric), _sorted(got.metric), candidates, assume_sums=True)


def _sorted(answer: Answer) -> Answer:
    """Put the rows in order of labels: Loki promises none."""
    rows = tuple(sorted(answer.rows, key=lambda row: row.labels))
    return Answer(answer.status_code, answer.result_type, tuple(Row(row.labels, row.samples) for row in rows))


def _beyond(answer: LogAnswer, edge: int, is_backward: bool) -> tuple[Line, ...]:  # noqa: FBT001
    return tuple(line for line in answer.lines if (line[0] < edge if is_backward else line[0] > edge))


def _inside(answer: LogAnswer, edge: int, is_backward: bool) -> tuple[Line, ...]:  # noqa: FBT001
    return tuple(line for line in answer.lines if (line[0] > edge if is_backward else line[0] < edge))


def _line_differences(expected: tuple[Line, ...], got: tuple[Line, ...]) -> list[str]:
    want, have = Counter(expected), Counter(got)
    found = [f"{times} times missing: {line}" for line, times in (want - have).items()]
    return found + [f"{times} times too often: {line}" for line, times in (have - want).items()]


def _misordered(answer: LogAnswer, direction: str) -> list[str]:
    found = []
    if len({labels for labels, _ in answer.per_stream}) != len(answer.per_stream):
        found.append("the same stream twice")
    for labels, times in answer.per_stream:
        if list(times) != sorted(times, reverse=direction == "backward"):
            found.append(f"entries of {labels} are not in {direction} order")
    return found
