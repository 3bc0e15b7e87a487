"""What a replica claims, and what is known of it."""

from query.backends.base import Deadline, Reply, Request
from query.execute.fanout import Replica
from query.execute.replicas.evidence import Scrapes
from query.execute.replicas.known import SETTLED_AFTER_MS, Known
from query.execute.replicas.look import Status
from query.promql.plan.reach import Span

NOW_MS = 10_000_000
STEP_MS = 10_000


class Nowhere:
    async def send(self, _request: Request, _deadline: Deadline, /) -> Reply:
        raise AssertionError("nothing is asked here")

    async def aclose(self) -> None:
        pass


def known(*, oldest_ms: int = 0, retention_ms: int | None = None) -> Known:
    status = Status(oldest_ms, retention_ms, 300_000, "", {})
    return Known(Replica("http://a", Nowhere()), status, trouble="")


def scraped(span: Span, *lost_ms: int) -> Scrapes:
    age = {at: 100.0 if at in lost_ms else 5.0 for at in range(span.start_ms, span.end_ms + 1, STEP_MS)}
    return Scrapes(span, STEP_MS, {"app": age}, {"app": dict.fromkeys(age, 1.0)}, {"app": STEP_MS})


def test_nothing_is_held_before_the_oldest_block_or_what_retention_is_about_to_delete() -> None:
    span = Span(2_000_000, NOW_MS)
    assert "holds nothing before" in known(oldest_ms=3_000_000).objection(span, NOW_MS)
    assert "holds nothing before" in known(retention_ms=5_000_000).objection(span, NOW_MS)
    assert "not been looked at" in known(retention_ms=9_000_000).objection(span, NOW_MS)
    assert known(oldest_ms=3_000_000).unexamined(span, NOW_MS) == ()


def test_recent_evidence_is_replaced_and_settled_evidence_stays() -> None:
    one = known()
    first = Span(NOW_MS - 1_000_000, NOW_MS)
    old_ms, young_ms = NOW_MS - 500_000, NOW_MS - 20_000
    one.take_recent(scraped(first, old_ms, young_ms), [])
    assert "has a gap" in one.objection(Span(NOW_MS - 50_000, NOW_MS), NOW_MS)
    later_ms = NOW_MS + 60_000
    again = Span(first.end_ms - SETTLED_AFTER_MS, later_ms)
    one.take_recent(scraped(again), [])
    assert one.objection(Span(later_ms - 100_000, later_ms), later_ms) == ""
    assert "has a gap" in one.objection(first, later_ms)
    assert one.objection(Span(NOW_MS - 400_000, later_ms), later_ms) == ""


def test_times_never_looked_at_are_named() -> None:
    one = known()
    one.take_recent(scraped(Span(NOW_MS - 1_000_000, NOW_MS)), [])
    wanted = Span(NOW_MS - 3_000_000, NOW_MS)
    assert one.unexamined(wanted, NOW_MS) == (Span(NOW_MS - 3_000_000, NOW_MS - 1_000_000),)
    one.settle(scraped(Span(NOW_MS - 3_000_000, NOW_MS - 1_000_000)), [])
    assert one.objection(wanted, NOW_MS) == ""
