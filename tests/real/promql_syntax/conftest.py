"""One real Prometheus without data, with every feature of the language enabled."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

import lma.parts
from lma.demo.processes import Program
from tests.real.promql_syntax.upstream import FEATURES, Upstream
from tests.real.supervisor import Supervisor


@pytest.fixture(scope="session")
def upstream(supervisor: Supervisor, http: httpx.Client, tmp_path_factory: pytest.TempPathFactory) -> Upstream:
    binary = lma.parts.ensure(["prometheus"])["prometheus"]
    folder: Path = tmp_path_factory.mktemp("prometheus-parser")
    config = folder / "prometheus.yml"
    config.write_text("global: {}\n", encoding="utf-8")
    url = f"http://127.0.0.1:{supervisor.ports.take()}"
    argv = (
        str(binary),
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address={url.removeprefix('http://')}",
        f"--enable-feature={FEATURES}",
    )
    supervisor.start(Program("prometheus-parser", argv, folder / "log", f"{url}/-/ready"))
    return Upstream(url, http)
