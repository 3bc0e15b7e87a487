"""A server to follow logs of, as a model: no sockets, no clock, and it breaks when it is told to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from lma.client import (
    Completeness,
    LogLine,
    NotFoundError,
    Notice,
    Stream,
    Streams,
    UnreachableError,
)
from lma.client import tail as tailing
from lma.client.call import Request
from lma.client.tail import Emit, Tell

S = 1_000_000_000
T = 1_700_000_000 * S
QUERY_RANGE = "/loki/api/v1/query_range"
TAIL = "/loki/api/v1/tail"


def line(time_ns: int, text: str, **labels: str) -> LogLine:
    return LogLine(time_ns, labels, text)


@dataclass
class Model:
    """A server with lines in it that breaks a tail after some messages; each act of it adds what comes next."""

    held: list[LogLine]
    coming: list[list[LogLine]]
    breaks: Iterator[int]
    has_tail: bool = True
    repeats: int = 1
    asked: list[Request] = field(default_factory=list)
    _replay: list[LogLine] = field(default_factory=list)
    _left: int = 0

    def perform(self, step: tailing.Step) -> Any:
        match step:
            case tailing.Dial(request):
                self.asked.append(request)
                if not self.has_tail:
                    raise NotFoundError("no tail")
                start_ns = int(dict(request.params)["start"])
                self._replay = [held for held in self.held if held.time_ns >= start_ns]
                self._left = next(self.breaks)
            case tailing.Receive():
                return self._message()
            case tailing.Fetch(call):
                self.asked.append(call.request)
                return self._page(call.request)
            case tailing.Pause():
                self._advance()
        return None

    @property
    def is_spent(self) -> bool:
        return not self.coming

    def _advance(self) -> list[LogLine]:
        new = self.coming.pop(0) if self.coming else []
        self.held += new
        return new

    def _message(self) -> bytes:
        if self._left == 0:
            self._advance()
            raise UnreachableError("cut")
        self._left -= 1
        replay, self._replay = self._replay, []
        return message(*replay, *self._advance() * self.repeats)

    def _page(self, request: Request) -> Streams:
        values = dict(request.params)
        start_ns, end_ns, limit = int(values["start"]), int(values["end"]), int(values["limit"])
        is_forward = values["direction"] == "forward"
        inside = [held for held in self.held if start_ns <= held.time_ns < end_ns]
        inside.sort(key=lambda held: held.time_ns, reverse=not is_forward)
        return Streams(items=tuple(Stream(one.labels, (one,)) for one in inside[:limit]), is_forward=is_forward)


def message(*lines: LogLine) -> bytes:
    found = [{"stream": one.labels, "values": [[str(one.time_ns), one.line]]} for one in lines]
    return json.dumps({"streams": found}).encode()


def emitted(model: Model, steps: tailing.Steps, *, extra: int = 40) -> list[LogLine]:
    """Run until the model has nothing to come, and a good while longer."""
    given: list[LogLine] = []
    step = next(steps)
    while extra > 0:
        extra -= model.is_spent
        if isinstance(step, Emit):
            given += step.lines
        try:
            outcome = model.perform(step)
        except (UnreachableError, NotFoundError) as error:
            step = steps.throw(error)
        else:
            step = steps.send(outcome)
    return given


class Partial(Model):
    """A server that polls only, where cluster ``b`` is away for some polls; what it holds meanwhile can't be read."""

    away: range = range(0)
    polls: int = 0

    def _page(self, request: Request) -> Streams:
        self.polls += 1
        page = super()._page(request)
        if self.polls not in self.away:
            return page
        reachable = tuple(stream for stream in page if stream.labels["app"] != "b")
        gap = Completeness(is_complete=False, asked=("a", "b"), missing={"b": "timeout"})
        return Streams(items=reachable, is_forward=page.is_forward, completeness=gap)


def noting(steps: tailing.Steps, notices: list[Notice]) -> tailing.Steps:
    """Pass steps on, keeping the notices."""
    step = next(steps)
    while True:
        if isinstance(step, Tell):
            notices.append(step.notice)
        try:
            outcome = yield step
        except (UnreachableError, NotFoundError) as error:
            step = steps.throw(error)
        else:
            step = steps.send(outcome)


def run_until_down(steps: tailing.Steps, model: Model, waits: list[float]) -> None:
    """Run; from the first message on the server is gone."""
    is_down = False
    step = next(steps)
    while True:
        if isinstance(step, tailing.Pause):
            waits.append(step.seconds)
        is_down = is_down or isinstance(step, tailing.Receive)
        if is_down and isinstance(step, tailing.Receive | tailing.Fetch | tailing.Dial):
            step = steps.throw(UnreachableError("gone"))
        else:
            step = steps.send(model.perform(step))
