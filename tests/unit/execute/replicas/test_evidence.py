"""What ``up`` proves: each case is a replica with two targets scraped every 15 s, and what went wrong with it."""

from collections.abc import Callable

from query.execute.replicas.evidence import Scrapes, gaps
from query.promql.plan.reach import Span

STEP_S = 5
INTERVAL_S = 15
END_S = 1_200
LOOKBACK_S = 300


def scrapes(is_lost: Callable[[int, int], bool], is_down: Callable[[int, int], bool] = lambda *_: False) -> Scrapes:
    """Return what a Prometheus would answer: ages and healthy targets at every step, from the scrapes themselves."""
    age: dict[int, float] = {}
    healthy: dict[int, float] = {}
    for now in range(0, END_S + 1, STEP_S):
        last = {}
        for target, phase in ((0, 3), (1, 11)):
            times = [at for at in range(phase - INTERVAL_S, now + 1, INTERVAL_S) if not is_lost(target, at)]
            if times and now - times[-1] < LOOKBACK_S:
                last[target] = times[-1]
        if last:
            age[now * 1_000] = now - min(last.values())
            healthy[now * 1_000] = sum(not is_down(target, at) for target, at in last.items())
    span = Span(0, END_S * 1_000)
    return Scrapes(span, STEP_S * 1_000, {"app": age}, {"app": healthy}, {"app": INTERVAL_S * 1_000})


def gap_seconds(mine: Scrapes, *peers: Scrapes) -> list[tuple[int, int]]:
    return [(span.start_ms // 1_000, span.end_ms // 1_000) for span in gaps(mine, peers).spans]


GOOD = scrapes(lambda _, __: False)


def test_nothing_lost_is_no_gap() -> None:
    assert gap_seconds(GOOD, GOOD) == []


def test_one_lost_scrape_of_one_target_is_a_gap_between_its_neighbours() -> None:
    assert gap_seconds(scrapes(lambda target, at: target == 1 and at == 611)) == [(596, 630)]


def test_a_server_that_was_away_is_silent_from_its_last_scrape_to_its_next() -> None:
    ((start, end),) = gap_seconds(scrapes(lambda _, at: 300 <= at < 900))
    assert 280 <= start <= 300
    assert 903 <= end <= 930


def test_a_server_that_began_late_holds_nothing_before() -> None:
    ((start, end),) = gap_seconds(scrapes(lambda _, at: at < 600))
    assert start < 0
    assert 600 <= end <= 620


def test_a_target_that_left_with_a_stale_marker_is_no_gap() -> None:
    stale = scrapes(lambda _, __: False)
    alone = {time: value for time, value in stale.age_s["app"].items() if time < 600_000} | {
        time: (time // 1_000 - 3) % INTERVAL_S for time in stale.age_s["app"] if time >= 600_000
    }
    assert gap_seconds(Scrapes(stale.span, stale.step_ms, {"app": alone}, stale.healthy, stale.interval_ms)) == []


def test_a_target_that_only_a_peer_reaches_is_a_gap() -> None:
    cut_off = scrapes(lambda _, __: False, lambda target, at: target == 0 and 300 <= at < 450)
    ((start, end),) = gap_seconds(cut_off, GOOD)
    assert start <= 303
    assert end >= 450
    assert gap_seconds(GOOD, cut_off) == []


def test_a_target_that_nobody_reaches_is_no_gap() -> None:
    down = scrapes(lambda _, __: False, lambda target, at: target == 0 and at >= 300)
    seen_later = scrapes(lambda _, __: False, lambda target, at: target == 0 and at >= 312)
    assert gap_seconds(down, seen_later) == []
    assert gap_seconds(down) == []


def test_a_job_that_only_a_peer_has_is_a_gap() -> None:
    more = Scrapes(
        GOOD.span,
        GOOD.step_ms,
        {**GOOD.age_s, "new": GOOD.age_s["app"]},
        {**GOOD.healthy, "new": GOOD.healthy["app"]},
        GOOD.interval_ms,
    )
    assert gap_seconds(GOOD, more) == [(-15, END_S + STEP_S)]
