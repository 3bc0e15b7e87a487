"""One Prometheus over the evaluator's data set, started once a run."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

import lma.parts
from lma.demo.prometheus import Prometheus
from tests.real.evaluate.samples import write_samples
from tests.real.evaluate.server import Server
from tests.real.supervisor import Supervisor

LOAD_TIMEOUT_S = 60.0


@pytest.fixture(scope="session")
def binaries() -> Mapping[str, Path]:
    return lma.parts.ensure(["prometheus", "promtool"])


@pytest.fixture(scope="session")
def server(
    supervisor: Supervisor,
    binaries: Mapping[str, Path],
    http: httpx.Client,
    tmp_path_factory: pytest.TempPathFactory,
) -> Server:
    folder = tmp_path_factory.mktemp("evaluator")
    text = folder / "samples.om"
    with text.open("w", encoding="utf-8") as out:
        write_samples(out)
    make = ("tsdb", "create-blocks-from", "openmetrics", "--quiet", str(text), str(folder / "data"))
    subprocess.run([binaries["promtool"], *make], check=True, capture_output=True, timeout=LOAD_TIMEOUT_S)
    prometheus = Prometheus(
        folder=folder,
        port=supervisor.ports.take(),
        features=("promql-experimental-functions", "promql-binop-fill-modifiers"),
    )
    supervisor.start(prometheus.program("prometheus-evaluator", binaries["prometheus"]))
    return Server(prometheus.url, http)
