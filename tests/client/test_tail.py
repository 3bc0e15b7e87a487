"""The procedure of following logs, alone, against a model of a server."""

from __future__ import annotations

import itertools
import json
import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lma.client import (
    Event,
    LogLine,
    Notice,
    ProtocolError,
    UnreachableError,
)
from lma.client import tail as tailing
from lma.client.tail import MAX_PAGE_LINES, PAGE_LINES, Emit, Tell, decode_message, follow
from lma.client.tail_state import MAX_GAP_S, Seen
from tests.client.tail_model import QUERY_RANGE, Model, Partial, S, T, emitted, line, noting, run_until_down

LINES = st.builds(line, st.integers(0, 3).map(lambda s: T + s * S), st.sampled_from("xyz"), app=st.sampled_from("ab"))
BATCHES = st.lists(st.lists(LINES, max_size=4), max_size=8)


def as_counts(lines: list[LogLine]) -> list[tuple[int, str, str]]:
    return sorted((one.time_ns, one.labels["app"], one.line) for one in lines)


@given(held=st.lists(LINES, max_size=6), coming=BATCHES, breaks=st.lists(st.integers(0, 4), max_size=6))
def test_a_poll_gives_each_line_once_equal_ones_as_often_as_there_are(
    held: list[LogLine], coming: list[list[LogLine]], breaks: list[int]
) -> None:
    model = Model(list(held), list(coming), itertools.chain(breaks, itertools.repeat(10)), has_tail=False)
    given_lines = emitted(model, follow("{}", start_ns=T, give_up_after_s=1e9, clock=lambda: 0.0))
    assert as_counts(given_lines) == as_counts(held + [one for batch in coming for one in batch])


@given(held=st.lists(LINES, max_size=6), coming=BATCHES, breaks=st.lists(st.integers(0, 4), max_size=6))
def test_a_tail_gives_each_line_once_whatever_breaks_and_whoever_repeats_it(
    held: list[LogLine], coming: list[list[LogLine]], breaks: list[int]
) -> None:
    number = itertools.count()
    held = [replace(one, line=f"{next(number)}") for one in held]
    coming = [[replace(one, line=f"{next(number)}") for one in batch] for batch in coming]
    model = Model(list(held), list(coming), itertools.chain(breaks, itertools.repeat(10)), repeats=2)
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


def test_what_is_remembered_is_bounded_by_time() -> None:
    seen = Seen(T)
    for i in range(1_000):
        assert len(seen.fresh([line(T + i * S, "x")])) == 1
    assert len(seen._recent) <= 13
    assert seen.resume_ns >= T + 988 * S


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
