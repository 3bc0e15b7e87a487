"""The benchmark's metrics: one hour at 15 s, as many series per cluster as asked for, loaded as TSDB blocks.

Every cluster has the same series, as clusters do that run the same software; only the values differ.
"""

from __future__ import annotations

import random
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

STEP_S = 15
SPAN_S = 3_600
START_S = 1_750_003_200
END_S = START_S + SPAN_S
CODES = ("200", "404", "500", "503")
NODES = 20
LOAD_TIMEOUT_S = 300.0


def write_cluster(out: TextIO, seed: int, series: int) -> None:
    """Write about ``series`` counter series, a gauge and an info series for each fourth of them, as OpenMetrics."""
    rng = random.Random(seed)  # noqa: S311 - test data
    pods = [f"pod-{number:05d}" for number in range(max(1, series // len(CODES)))]
    out.write("# TYPE bench_requests counter\n")
    for pod in pods:
        for code in CODES:
            _write(out, f'bench_requests_total{{pod="{pod}",code="{code}"}}', _counter(rng))
    out.write("# TYPE bench_memory_bytes gauge\n")
    for pod in pods:
        _write(out, f'bench_memory_bytes{{pod="{pod}"}}', (float(rng.randrange(1 << 28)) for _ in _times()))
    out.write("# TYPE bench_pod_info gauge\n")
    for number, pod in enumerate(pods):
        _write(out, f'bench_pod_info{{pod="{pod}",node="node-{number % NODES:02d}"}}', (1 for _ in _times()))
    out.write("# EOF\n")


def load_cluster(promtool: Path, folder: Path, seed: int, series: int) -> Path:
    """Make the blocks of one cluster below ``folder``; return the data folder."""
    folder.mkdir(parents=True)
    text, data = folder / "data.om", folder / "data"
    with text.open("w", encoding="utf-8") as out:
        write_cluster(out, seed, series)
    command: list[str | Path] = [promtool, "tsdb", "create-blocks-from", "openmetrics", "--quiet", text, data]
    subprocess.run(command, check=True, capture_output=True, timeout=LOAD_TIMEOUT_S)
    text.unlink()
    return data


def _times() -> range:
    return range(START_S, END_S, STEP_S)


def _counter(rng: random.Random) -> Iterator[float]:
    total = 0
    for _ in _times():
        total += rng.randrange(50)
        yield total


def _write(out: TextIO, name: str, values: Iterator[float]) -> None:
    out.writelines(f"{name} {value} {at_s}\n" for at_s, value in zip(_times(), values, strict=True))
