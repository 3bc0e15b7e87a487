"""Following logs: the procedure alone against a model of a server, then both clients over real sockets."""

from __future__ import annotations

import asyncio
import itertools
import json
import threading
import time
from collections.abc import Iterator
from contextlib import aclosing, closing
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from lma.client import (
    AsyncClient,
    AuthError,
    BadQueryError,
    Client,
    Completeness,
    Event,
    LogLine,
    NotFoundError,
    Notice,
    ProtocolError,
    ServerError,
    Stream,
    Streams,
    UnreachableError,
)
from lma.client import tail as tailing
from lma.client.call import Request
from lma.client.tail import MAX_PAGE_LINES, PAGE_LINES, Emit, Tell, decode_message, follow
from lma.client.tail_state import MAX_GAP_S, Seen
from tests.client.scripted_server import Reply, ScriptedServer, streams, success

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
        return message(*replay, *self._advance())

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


LINES = st.builds(line, st.integers(0, 3).map(lambda s: T + s * S), st.sampled_from("xyz"), app=st.sampled_from("ab"))
BATCHES = st.lists(st.lists(LINES, max_size=4), max_size=8)


def as_counts(lines: list[LogLine]) -> list[tuple[int, str, str]]:
    return sorted((one.time_ns, one.labels["app"], one.line) for one in lines)


@given(
    held=st.lists(LINES, max_size=6), coming=BATCHES, breaks=st.lists(st.integers(0, 4), max_size=6), tail=st.booleans()
)
def test_each_line_is_given_once_whatever_breaks(
    held: list[LogLine], coming: list[list[LogLine]], breaks: list[int], *, tail: bool
) -> None:
    model = Model(list(held), list(coming), itertools.chain(breaks, itertools.repeat(10)), has_tail=tail)
    given_lines = emitted(model, follow("{}", start_ns=T, give_up_after_s=1e9, clock=lambda: 0.0))
    assert as_counts(given_lines) == as_counts(held + [one for batch in coming for one in batch])


def test_a_long_history_is_read_page_by_page_before_the_tail_starts() -> None:
    held = [line(T + i * 1_000_000, f"{i}", app="a") for i in range(3 * PAGE_LINES)]
    model = Model(held, [], itertools.repeat(3))
    given_lines = emitted(model, follow("{}", start_ns=T, give_up_after_s=1, clock=lambda: 0.0), extra=10)
    assert [one.line for one in given_lines] == [f"{i}" for i in range(3 * PAGE_LINES)]
    assert len([request for request in model.asked if request.path == QUERY_RANGE]) == 4


def test_an_instant_with_more_lines_than_a_page_is_read_whole() -> None:
    held = [line(T, f"{i}", app="a") for i in range(PAGE_LINES + 5)] + [line(T + S, "last", app="a")]
    model = Model(held, [], itertools.repeat(3))
    given_lines = emitted(model, follow("{}", start_ns=T, give_up_after_s=1, clock=lambda: 0.0), extra=10)
    assert as_counts(given_lines) == as_counts(held)


def test_an_instant_no_page_can_hold_is_left_and_that_is_told() -> None:
    held = [line(T, f"{i}", app="a") for i in range(MAX_PAGE_LINES + 5)] + [line(T + S, "last", app="a")]
    model = Model(held, [], itertools.repeat(3))
    steps = follow("{}", start_ns=T, give_up_after_s=1, clock=lambda: 0.0)
    texts, notices = [], []
    step = next(steps)
    for _ in range(20):
        if isinstance(step, Emit):
            texts += [one.line for one in step.lines]
        elif isinstance(step, Tell):
            notices.append(step.notice)
        step = steps.send(model.perform(step))
        if isinstance(step, tailing.Dial):
            break
    assert texts[-1] == "last"
    assert len(texts) == MAX_PAGE_LINES + 1
    assert [notice.event for notice in notices] == [Event.DROPPED]


def test_of_the_history_only_the_newest_lines_if_so_asked() -> None:
    held = [line(T + i * S, f"{i}", app="a") for i in range(10)]
    model = Model(held, [[line(T + 11 * S, "new", app="a")]], itertools.repeat(5))
    given_lines = emitted(model, follow("{}", start_ns=T, history=3, give_up_after_s=1, clock=lambda: 0.0))
    assert [one.line for one in given_lines] == ["7", "8", "9", "new"]


def test_lines_that_come_late_are_given_too() -> None:
    coming = [[line(T + 9 * S, "early", app="a")], [line(T + 2 * S, "late", app="b")]]
    model = Model([], coming, itertools.repeat(0), has_tail=False)
    given_lines = emitted(model, follow("{}", start_ns=T, give_up_after_s=1, clock=lambda: 0.0))
    assert [one.line for one in given_lines] == ["early", "late"]


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


def test_the_lines_of_a_cluster_that_was_away_follow_when_it_is_back() -> None:
    coming = [[line(T + i * 5 * S, f"{app}{i}", app=app) for app in "ab"] for i in range(10)]
    expected = as_counts([one for batch in coming for one in batch])
    model = Partial([], coming, itertools.repeat(0), has_tail=False)
    model.away = range(3, 8)
    notices: list[Notice] = []
    given_lines = emitted(model, noting(follow("{}", start_ns=T, give_up_after_s=1, clock=lambda: 0.0), notices))
    assert as_counts(given_lines) == expected
    assert [notice.event for notice in notices] == [Event.POLLING, Event.INCOMPLETE, Event.COMPLETE]
    assert notices[1].message == "no lines from b (timeout); they follow when they can be had"


def test_a_gap_that_is_too_long_to_be_kept_is_told() -> None:
    coming = [[line(T + i * 200 * S, f"{app}{i}", app=app) for app in "ab"] for i in range(10)]
    model = Partial([], coming, itertools.repeat(0), has_tail=False)
    model.away = range(2, 9)
    notices: list[Notice] = []
    given_lines = emitted(model, noting(follow("{}", start_ns=T, give_up_after_s=1, clock=lambda: 0.0), notices))
    assert len([one for one in given_lines if one.labels["app"] == "a"]) == 10
    assert len([one for one in given_lines if one.labels["app"] == "b"]) < 10
    assert notices[-1].message == f"every cluster answers again; what is older than {MAX_GAP_S} s may be missing"


def test_a_line_whose_clock_runs_ahead_does_not_hide_the_others() -> None:
    seen = Seen(T)
    now_ns = time.time_ns()
    seen.fresh([line(now_ns + 3_600 * S, "ahead")])
    assert seen.resume_ns <= now_ns


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


def test_what_is_remembered_is_bounded_by_time() -> None:
    seen = Seen(T)
    for i in range(1_000):
        assert len(seen.fresh([line(T + i * S, "x")])) == 1
    assert len(seen._recent) <= 13
    assert seen.resume_ns >= T + 988 * S


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


def test_an_outage_that_lasts_too_long_is_raised() -> None:
    now = itertools.count(0, 10)
    steps = follow("{}", start_ns=T, give_up_after_s=25, clock=lambda: float(next(now)))
    model = Model([], [], itertools.repeat(0))
    waits: list[float] = []
    with pytest.raises(UnreachableError, match="gone"):
        run_until_down(steps, model, waits)
    assert waits == [0.2, 0.5, 1.0]


@pytest.mark.parametrize("bad", ["", "[]", "{", '{"streams": [{"stream": {}, "values": [["x", "y"]]}]}', b"\xff"])
def test_a_message_that_is_none(bad: str | bytes) -> None:
    with pytest.raises(ProtocolError):
        decode_message(bad)


def test_what_the_server_dropped_is_counted() -> None:
    text = json.dumps({"streams": None, "dropped_entries": [{"timestamp": "1", "labels": {}}] * 3})
    assert decode_message(text) == ([], 3)


# --- over real sockets ---


class Tailed:
    """WebSocket tails by script: per connection, the messages to send, then how it ends."""

    def __init__(self, server: ScriptedServer, *connections: tuple[list[bytes], str]) -> None:
        self.starts: list[int] = []
        self._connections = list(connections)
        server.handle(TAIL, self._tail)
        server.reply(QUERY_RANGE, success(streams()))

    async def _tail(self, request: web.Request) -> web.StreamResponse:
        self.starts.append(int(request.query["start"]))
        messages, end = self._connections.pop(0) if self._connections else ([], "stay")
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        for one in messages:
            await socket.send_str(one.decode())
        if end == "cut":
            assert request.transport is not None
            request.transport.abort()
        elif end == "close":
            await socket.close(code=1011, message=b"tail limit reached")
        else:
            await socket.receive()
        return socket


def test_a_tail_survives_cut_and_closed_connections_without_loss_or_doubles(
    server: ScriptedServer, client: Client
) -> None:
    one, two, three = (line(T + i * S, f"{i}", app="a") for i in (1, 2, 3))
    tailed = Tailed(server, ([message(one, two)], "cut"), ([message(one, two), message(two, three)], "close"))
    notices: list[Notice] = []
    with closing(client.tail('{app="a"}', T / S, on_notice=notices.append)) as tail:
        assert [next(tail).line for _ in range(4)] == ["1", "2", "2", "3"]
    assert tailed.starts == [T, T]
    assert [notice.event for notice in notices] == [Event.RECONNECTING]


async def test_the_asynchronous_tail_does_the_same(server: ScriptedServer) -> None:
    one, two = line(T + S, "1", app="a"), line(T + 2 * S, "2", app="a")
    Tailed(server, ([message(one)], "close"), ([message(one, two)], "stay"))
    notices: list[Notice] = []
    async with (
        AsyncClient(server.url, timeout_s=5) as client,
        aclosing(client.tail('{app="a"}', T / S, on_notice=notices.append)) as tail,
    ):
        assert [(await anext(tail)).line for _ in range(2)] == ["1", "2"]
    assert [notice.message for notice in notices] == [
        f"{server.url} closed the connection: tail limit reached; trying again in 0.2 s"
    ]


@pytest.mark.parametrize(
    "refusal",
    [
        Reply('{"status":"error","errorType":"not_found","error":"no such endpoint"}', 404),
        Reply("not implemented", 501, "text/plain"),
        Reply("", 403),
        Reply("multiple tenants: no tail", 400, "text/plain"),
    ],
)
def test_without_a_tail_the_server_is_polled(server: ScriptedServer, client: Client, refusal: Reply) -> None:
    server.reply(TAIL, refusal)
    first = ({"app": "a"}, [(T + S, "1"), (T + S, "1 too")])
    second = ({"app": "a"}, [(T + S, "1"), (T + S, "1 too"), (T + S, "1 as well"), (T + 2 * S, "2")])
    server.reply(
        QUERY_RANGE, success(streams(first)), Reply("", 503), success(streams(first)), success(streams(second))
    )
    notices: list[Notice] = []
    with closing(client.tail('{app="a"}', T / S, on_notice=notices.append)) as tail:
        assert [next(tail).line for _ in range(4)] == ["1", "1 too", "1 as well", "2"]
    assert [notice.event for notice in notices] == [Event.POLLING, Event.RECONNECTING]


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply("parse error at line 1, col 2: syntax error", 400, "text/plain"), BadQueryError),
        (Reply("", 401), AuthError),
        (Reply("", 404), NotFoundError),
        (Reply("busy", 503, "text/plain"), ServerError),
    ],
)
def test_what_fails_at_first_fails_at_once(
    server: ScriptedServer, client: Client, reply: Reply, kind: type[Exception]
) -> None:
    server.reply(QUERY_RANGE, reply)
    with pytest.raises(kind):
        next(client.tail("{"))


def test_a_token_that_is_refused_later_ends_the_tail(server: ScriptedServer, client: Client) -> None:
    Tailed(server, ([message(line(T, "1", app="a"))], "cut"))
    with closing(client.tail("{}", T / S)) as tail:
        assert next(tail).line == "1"
        server.reply(QUERY_RANGE, Reply("", 401))
        with pytest.raises(AuthError):
            next(tail)


def test_a_tail_that_is_closed_closes_its_socket(server: ScriptedServer, client: Client) -> None:
    ended: list[int | None] = []

    async def hold(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_str(message(line(T, "1", app="a")).decode())
        await socket.receive()
        ended.append(socket.close_code)
        return socket

    server.handle(TAIL, hold)
    server.reply(QUERY_RANGE, success(streams()))
    tail = client.tail("{}", T / S)
    assert next(tail).line == "1"
    assert ended == []
    tail.close()
    for _ in range(100):
        if ended:
            break
        threading.Event().wait(0.02)
    assert ended == [1000]


async def test_a_tail_can_be_cancelled_while_it_waits(server: ScriptedServer) -> None:
    Tailed(server, ([], "stay"))
    async with AsyncClient(server.url) as client:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3), aclosing(client.tail("{}")) as tail:
                await anext(tail)
