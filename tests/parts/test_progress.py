"""Progress is seen wherever one looks: a terminal, or a log."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from lma.parts.progress import ConsoleProgress, clock


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (59.9, "0:59"), (130, "2:10"), (3600, "60:00")])
def test_clock(seconds: float, text: str) -> None:
    assert clock(seconds) == text


def test_log_gets_lines_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("lma.parts.progress.time.monotonic", lambda: now)
    output = io.StringIO()
    progress = ConsoleProgress(Console(file=output, width=100))
    progress.started("building loki 3.7.8")
    for elapsed in range(1, 33):
        now = 100.0 + elapsed
        progress.advanced("building loki 3.7.8", elapsed, f"{elapsed * 10} packages compiled")
    progress.finished("building loki 3.7.8", 32.4)
    assert output.getvalue().splitlines() == [
        "building loki 3.7.8 …",
        "building loki 3.7.8 … 0:15  (150 packages compiled)",
        "building loki 3.7.8 … 0:30  (300 packages compiled)",
        "building loki 3.7.8: done in 0:32",
    ]


def test_terminal_gets_a_moving_line_that_is_taken_away() -> None:
    output = io.StringIO()
    progress = ConsoleProgress(Console(file=output, force_terminal=True, color_system=None, highlight=False, width=100))
    progress.started("building loki 3.7.8")
    progress.advanced("building loki 3.7.8", 5, "")
    progress.finished("building loki 3.7.8", 6)
    assert "done in 0:06" in output.getvalue()
    progress.stopped()
