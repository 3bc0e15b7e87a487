from __future__ import annotations

import pytest

from query.model.errors import BadQueryError
from query.promql.syntax import parse, resolve_duration
from query.promql.syntax.nodes import DurationExpr, VectorSelector

STEP_MS, RANGE_MS = 15_000, 3_600_000


def offset(text: str) -> DurationExpr:
    tree = parse(f"a offset ({text})")
    assert isinstance(tree, VectorSelector)
    return tree.offset


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("5m", 300_000),
        ("300", 300_000),
        ("-5m", -300_000),
        ("0.0025", 2),
        ("5m + 1m", 360_000),
        ("5m - 1h", -3_300_000),
        ("5m * 2", 600_000),
        ("1h / 7", 514_285),
        ("1h % 7m", 240_000),
        ("-(1h % 7m)", -240_000),
        ("2 ^ 10", 1_024_000),
        ("2 ^ -1", 500),
        ("-2 ^ 2", -4_000),
        ("step()", 15_000),
        ("range()", 3_600_000),
        ("2 * step() + range() / 10", 390_000),
        ("min_of(step(), 1m)", 15_000),
        ("max_of(step(), 1m)", 60_000),
        ("min_of(-1m, 1m)", -60_000),
        ("0.1 + 0.2", 300),
        ("1ms * 0.9", 0),
        ("-1ms * 1.9", -1),
    ],
)
def test_duration_amounts_to(text: str, ms: int) -> None:
    assert resolve_duration(offset(text), step_ms=STEP_MS, range_ms=RANGE_MS, may_be_negative=True) == ms


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("step() - 1h", "duration must be greater than 0"),
        ("step() - step()", "duration must be greater than 0"),
        ("1h / (step() - 15s)", "division by zero"),
        ("1h % (step() - 15s)", "modulo by zero"),
        ("(-8) ^ 0.5 + 1m", "duration is NaN or infinite"),
        ("0 ^ -1", "duration is NaN or infinite"),
        ("10 ^ 400", "duration is NaN or infinite"),
        ("9e9 * 2", "duration is out of range"),
        ("min_of((-8) ^ 0.5, 1)", "duration is NaN or infinite"),
        ("10 ^ 400 % 7", "duration is NaN or infinite"),
    ],
)
def test_what_is_no_duration_is_refused(text: str, message: str) -> None:
    with pytest.raises(BadQueryError, match=message):
        resolve_duration(offset(text), step_ms=STEP_MS, range_ms=RANGE_MS)


def test_step_of_an_instant_query_is_zero() -> None:
    with pytest.raises(BadQueryError, match="duration must be greater than 0"):
        resolve_duration(offset("step()"), step_ms=0, range_ms=0)
    assert resolve_duration(offset("step()"), step_ms=0, range_ms=0, may_be_negative=True) == 0
