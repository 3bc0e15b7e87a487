"""A tail over real Lokis tells every line exactly once, also of those that stand still, are killed, or come back."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.real.supervisor import Supervisor
from tests.real.tailing import Reader, TailFleet, Writer

CLUSTERS = ("north", "south")
QUERY = '{job="tail"} | logfmt | level="info"'


@pytest.fixture(scope="module")
def tail_fleet(
    supervisor: Supervisor, binaries: Mapping[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> TailFleet:
    return TailFleet(supervisor, binaries["loki"], tmp_path_factory.mktemp("tail"), CLUSTERS)


@pytest.fixture
def writers(tail_fleet: TailFleet) -> Iterator[dict[str, Writer]]:
    made = tail_fleet.writers(rate=600)
    yield made
    for writer in made.values():
        writer.stop()


def _write_for(seconds: float, writers: Mapping[str, Writer]) -> None:
    time.sleep(seconds)
    for writer in writers.values():
        writer.stop()


def test_every_line_once_and_in_order(tail_fleet: TailFleet, writers: dict[str, Writer]) -> None:
    with Reader(tail_fleet.url, QUERY, delay_s=3) as reader:
        for writer in writers.values():
            writer.start()
        _write_for(6, writers)
        assert reader.wait_for(writers, 20) == []
    assert (reader.inversions, reader.dropped, reader.warnings, reader.ended) == (0, 0, [], "")


def test_a_frozen_cluster_loses_nothing_and_holds_nobody_up(tail_fleet: TailFleet, writers: dict[str, Writer]) -> None:
    with Reader(tail_fleet.url, QUERY) as reader:
        for writer in writers.values():
            writer.start()
        time.sleep(2)
        os.kill(tail_fleet.pid("south"), signal.SIGSTOP)
        try:
            time.sleep(3)
            before = sum(count for (cluster, _), count in reader.lines.items() if cluster == "north")
            time.sleep(9)
            after = sum(count for (cluster, _), count in reader.lines.items() if cluster == "north")
        finally:
            os.kill(tail_fleet.pid("south"), signal.SIGCONT)
        assert after > before + 1_000
        _write_for(3, writers)
        assert reader.wait_for(writers, 40) == []
    assert reader.dropped == 0
    assert 'cluster "south" is missing' in reader.warnings[0]
    assert reader.warnings[-1] == 'cluster "south" answers again'


def test_a_restarted_cluster_loses_nothing(tail_fleet: TailFleet, writers: dict[str, Writer]) -> None:
    with Reader(tail_fleet.url, QUERY) as reader:
        for writer in writers.values():
            writer.start()
        time.sleep(2)
        os.kill(tail_fleet.pid("south"), signal.SIGKILL)
        program = tail_fleet.stop("south")
        time.sleep(2)
        tail_fleet.start(program)
        _write_for(3, writers)
        assert reader.wait_for(writers, 40) == []
    assert reader.dropped == 0
    assert reader.warnings[-1] == 'cluster "south" answers again'
