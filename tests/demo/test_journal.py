"""Log lines: two formats, times that never repeat, and a shipper that reads them back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lma.demo.workload.journal import Journal, LogFormat, logfmt, parse_rfc3339, rfc3339
from lma.demo.workload.ship import LogFile, entry


@given(st.integers(min_value=0, max_value=4_000_000_000 * 10**9))
def test_times_survive_being_written(time_ns: int) -> None:
    assert parse_rfc3339(rfc3339(time_ns)) == time_ns


@pytest.mark.parametrize(
    ("text", "time_ns"),
    [("1970-01-01T00:00:01Z", 10**9), ("1970-01-01T00:00:00.5Z", 5 * 10**8), ("1970-01-01T00:00:00.000000007Z", 7)],
)
def test_times_of_other_precision(text: str, time_ns: int) -> None:
    assert parse_rfc3339(text) == time_ns


def test_logfmt_quotes_what_needs_it() -> None:
    assert logfmt({"a": 1, "b": "x y", "c": 'say "hi"', "d": ""}) == r'a=1 b="x y" c="say \"hi\"" d=""'


@pytest.mark.parametrize("log_format", LogFormat)
def test_lines_have_rising_times_and_can_be_shipped(tmp_path: Path, log_format: LogFormat) -> None:
    path = tmp_path / "shop-1.log"
    with Journal(path, log_format) as journal:
        for number in range(50):
            journal.write("info", "request served", number=number, trace_id=f"{number:032x}")
    file = LogFile(path)
    lines, end = file.unsent()
    entries = [entry(line) for line in lines]
    times = [int(str(item[0])) for item in entries]
    assert times == sorted(set(times))
    assert entries[7][2] == {"trace_id": f"{7:032x}"}
    assert end == path.stat().st_size
    assert file.labels() == {"app": "shop", "pod": "shop-1"}
    if log_format is LogFormat.JSON:
        assert json.loads(lines[7])["number"] == 7


def test_half_a_line_waits_for_its_end(tmp_path: Path) -> None:
    path = tmp_path / "shop-0.log"
    path.write_bytes(b"one\ntw")
    file = LogFile(path)
    assert file.unsent() == (["one"], 4)
    file.sent = 4
    path.write_bytes(b"one\ntwo\n")
    assert file.unsent() == (["two"], 8)


def test_line_without_a_time_is_shipped_as_of_now() -> None:
    assert int(str(entry("something else")[0])) > 10**18
    assert len(entry("something else")) == 2
