"""The benchmark runs from end to end; its times are nobody's business here."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from bench.questions import QUESTIONS
from tests.real.gateway import ROOT


@pytest.mark.usefixtures("binaries")
def test_a_small_run_measures_everybody_on_everything(tmp_path: Path) -> None:
    results = tmp_path / "results" / "bench.json"
    command = [sys.executable, "-m", "bench", "--clusters=2", "--series=40", "--rounds=1", f"--json={results}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    document = json.loads(results.read_text())
    assert document["settings"] == {"clusters": 2, "series": 40, "rounds": 1}
    assert document["questions"].keys() == {question.name for question in QUESTIONS}
    for measured in document["questions"].values():
        _check(measured)
    assert {"gateway", "thanos query"} <= document["peak_memory_bytes"].keys()
    assert min(document["peak_memory_bytes"].values()) > 1 << 20
    assert "Ratios of medians" in done.stdout


def _check(measured: Mapping[str, Mapping[str, object]]) -> None:
    assert measured.keys() == {"bare client", "gateway", "thanos query", "ratios"}
    for name in ("bare client", "gateway", "thanos query"):
        wall_ms = measured[name]["wall_ms"]
        assert isinstance(wall_ms, list)
        assert len(wall_ms) == 1
        assert wall_ms[0] > 0


def test_the_stored_results_are_of_todays_questions() -> None:
    stored = json.loads((ROOT / "bench" / "stored.json").read_text())
    assert stored["questions"].keys() == {question.name for question in QUESTIONS}
