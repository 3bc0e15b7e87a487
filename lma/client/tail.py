"""Following logs: one procedure that both clients run, over a WebSocket or, where there is none, by polling.

``follow`` is a generator that asks for one step after the other (``Dial``, ``Receive``, ``Fetch`` …) and is sent each
step's outcome, or has its ClientError thrown in. Carrying a step out is all that a client does; the order, the
reconnecting and the deduplication exist once.

What is promised: a line is given once, and a line the server has at the time of asking is not lost, also across a
broken connection and among lines of equal time. To that end every new connection or poll starts ``OVERLAP_S`` before
the newest line seen, and what was given already is taken out (``Seen``): from what is read by counting, so two lines
that are equal in time, labels and text stay two; from a tail by likeness, because a tail repeats what a writer repeats.
While clusters are missing from what is read, the place where that began is kept, and read again when they are back, if
that is within ``MAX_GAP_S``. A line that reaches the server more than ``OVERLAP_S`` late while there is no connection
is not seen; servers do not promise more.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, TypeAlias

import msgspec

from lma.client import times
from lma.client.call import Call, Request, params
from lma.client.errors import (
    AuthError,
    ClientError,
    InvalidRequestError,
    NotFoundError,
    ProtocolError,
    ServerError,
    UnreachableError,
)
from lma.client.log_calls import BASE, CATEGORIZED, Direction, WireStream, logs_between, stream_of
from lma.client.samples import Completeness, LogLine, Streams
from lma.client.tail_state import MAX_GAP_S, OVERLAP_S, Outage, Seen, just_before

POLL_S: Final = 1.0
PAGE_LINES: Final = 1_000
MAX_PAGE_LINES: Final = 5_000
"""Loki's own default bound on the lines of one answer."""
_NOT_IMPLEMENTED: Final = 501
_SETTLED_S: Final = 5.0


class Event(StrEnum):
    """What else than lines a tail can tell."""

    RECONNECTING = "reconnecting"
    POLLING = "polling"
    DROPPED = "dropped"
    INCOMPLETE = "incomplete"
    COMPLETE = "complete"


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that happened to a tail, fit to be shown."""

    event: Event
    message: str


@dataclass(frozen=True, slots=True)
class Dial:
    """Open the WebSocket of ``request``, closing one that is open."""

    request: Request


@dataclass(frozen=True, slots=True)
class Receive:
    """Wait for the next message; the outcome is its text or bytes."""


@dataclass(frozen=True, slots=True)
class Fetch:
    """Make a call; the outcome is its result."""

    call: Call[Streams]


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Emit:
    """Give lines to the user, oldest first."""

    lines: list[LogLine]


@dataclass(frozen=True, slots=True)
class Tell:
    """Give a notice to the user."""

    notice: Notice


Step: TypeAlias = Dial | Receive | Fetch | Pause | Emit | Tell
Steps: TypeAlias = Generator[Step, Any, None]


class WireDropped(msgspec.Struct, frozen=True):
    """A line the server could not send fast enough."""

    timestamp: str = ""
    labels: dict[str, str] = {}


class WireTail(msgspec.Struct, frozen=True):
    """One message of a tail."""

    streams: list[WireStream] | None = None
    dropped_entries: list[WireDropped] | None = None


def follow(
    expr: str,
    *,
    start_ns: int,
    history: int | None = None,
    give_up_after_s: float,
    poll_s: float = POLL_S,
    clock: Callable[[], float] = time.monotonic,
) -> Steps:
    """Follow ``expr`` from ``start_ns`` on, for ever; of what is there already, only the newest ``history`` lines.

    What is there already is read by pages before each connection, because a tail repeats only so many lines. Raises
    what the first connection fails with; later, what lasts longer than ``give_up_after_s``, and at once what trying
    again can't mend (the token, the query).
    """
    seen = Seen(start_ns)
    if history is not None:
        yield from _newest(expr, seen, start_ns, history)
    outage = Outage(give_up_after_s, clock)
    is_first = True
    while True:
        try:
            yield from _catch_up(expr, seen)
            if not (yield from _dial(expr, seen)):
                break
        except (UnreachableError, ServerError) as error:
            if is_first:
                raise
            yield from _wait(outage, error)
            continue
        is_first = False
        connected_at = clock()
        broken = yield from _receive(seen)
        if clock() - connected_at > _SETTLED_S:
            outage.over()
        yield from _wait(outage, broken)
    while True:
        yield Pause(poll_s)
        try:
            yield from _catch_up(expr, seen)
        except (UnreachableError, ServerError) as error:
            yield from _wait(outage, error)
        else:
            outage.over()


def _wait(outage: Outage, error: ClientError) -> Steps:
    """Tell and wait; raises ``error`` once it has lasted too long."""
    delay_s = outage.next_delay_s()
    if delay_s is None:
        raise error
    yield Tell(Notice(Event.RECONNECTING, f"{error.message}; trying again in {delay_s:g} s"))
    yield Pause(delay_s)


def _newest(expr: str, seen: Seen, start_ns: int, history: int) -> Steps:
    """Give the newest ``history`` lines, and go on no earlier than the oldest of them."""
    end_ns = max(times.now_ns(), start_ns)
    if history < 1:
        seen.start_at(end_ns)
        return
    page = yield Fetch(logs_between(expr, start_ns, end_ns, history, Direction.BACKWARD))
    lines = page.lines()[::-1]
    if len(lines) >= history:
        seen.start_at(lines[0].time_ns)
    if fresh := seen.fresh(lines):
        yield Emit(fresh)


def _dial(expr: str, seen: Seen) -> Generator[Step, Any, bool]:
    """Open the tail and return true; return false where the server can't tail what it can query.

    The same query and token were good for a query just before, so whatever refusal comes is about tailing; ASGI servers
    answer 403 to a WebSocket they have no route for.
    """
    values = params(query=expr, start=str(seen.resume_ns), limit=str(MAX_PAGE_LINES))
    try:
        yield Dial(Request("GET", f"{BASE}/tail", params=values, headers=CATEGORIZED, expr=expr))
    except (NotFoundError, InvalidRequestError, AuthError, ServerError) as error:
        if isinstance(error, ServerError) and error.status != _NOT_IMPLEMENTED:
            raise
        text = f"this server does not tail ({error.message}); asking it for new lines instead"
        yield Tell(Notice(Event.POLLING, text))
        return False
    return True


def _receive(seen: Seen) -> Generator[Step, Any, ClientError]:
    """Give what comes until the connection breaks; return why it did."""
    try:
        while True:
            lines, dropped = decode_message((yield Receive()))
            if unlike := seen.unlike(lines):
                yield Emit(unlike)
            if dropped:
                text = f"the server left out {dropped} lines: they came faster than they could be sent"
                yield Tell(Notice(Event.DROPPED, text))
    except (UnreachableError, ServerError) as error:
        return error


def _catch_up(expr: str, seen: Seen) -> Steps:
    """Read everything from where we are to now; later again what clusters that did not answer have kept from us."""
    start_ns = seen.resume_ns
    whole = yield from _pages(expr, seen, start_ns)
    if not whole.is_complete:
        if seen.is_held_for(whole.missing, start_ns):
            return
        names = ", ".join(f"{cluster} ({reason})" for cluster, reason in sorted(whole.missing.items()))
        text = f"no lines from {names or 'some clusters'}; they follow when they can be had"
        yield Tell(Notice(Event.INCOMPLETE, text))
        return
    if seen.held_ns is None:
        return
    whole = yield from _pages(expr, seen, seen.held_ns)
    if whole.is_complete:
        lost = f"; what is older than {MAX_GAP_S} s may be missing" if seen.release() else ""
        yield Tell(Notice(Event.COMPLETE, f"every cluster answers again{lost}"))


def _pages(expr: str, seen: Seen, start_ns: int) -> Generator[Step, Any, Completeness]:
    """Read from ``start_ns`` to now, page by page, oldest first; return the completeness of the least complete page.

    A full page is followed by one that starts where it ended. Where one instant holds more lines than a page, the
    page grows; where it can't grow any more, the instant is left, and that is told.
    """
    page_lines = PAGE_LINES
    whole = Completeness()
    while True:
        end_ns = max(times.now_ns(), start_ns) + OVERLAP_S * times.NS_PER_S
        seen.begin()
        page = yield Fetch(logs_between(expr, start_ns, end_ns, page_lines, Direction.FORWARD))
        if not page.completeness.is_complete:
            whole = page.completeness
        lines = page.lines()
        if fresh := seen.fresh(lines):
            yield Emit(fresh)
        if len(lines) < page_lines:
            return whole
        last_ns = lines[-1].time_ns
        following_ns = max(just_before(last_ns), start_ns)
        if following_ns > start_ns:
            start_ns = following_ns
        elif page_lines < MAX_PAGE_LINES:
            page_lines = MAX_PAGE_LINES
        elif last_ns > start_ns:
            start_ns = last_ns
        else:
            start_ns = last_ns + 1
            text = f"more than {MAX_PAGE_LINES} lines at {times.to_datetime(last_ns).isoformat()}: some are left out"
            yield Tell(Notice(Event.DROPPED, text))


def decode_message(message: str | bytes) -> tuple[list[LogLine], int]:
    """Return the lines of one tail message and how many the server dropped; raises ProtocolError."""
    try:
        wire = msgspec.json.decode(message, type=WireTail)
        lines = [line for stream in wire.streams or () for line in stream_of(stream).lines]
    except (msgspec.DecodeError, ValueError) as error:
        raise ProtocolError(f"a tail message is not one: {error}") from error
    return lines, len(wire.dropped_entries or ())
