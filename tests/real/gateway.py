"""The gateway under test, as its users run it: ``lma gateway --config FILE`` in a process of its own."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from lma.demo.ports import LOOPBACK
from lma.demo.processes import Program

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """A gateway's configuration; ``clusters`` are entries of its file."""

    folder: Path
    port: int
    clusters: Sequence[Mapping[str, Any]]
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """The address Loki clients are given."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def prometheus_url(self) -> str:
        """The address Prometheus clients are given."""
        return f"{self.url}/prometheus"

    def program(self, name: str) -> Program:
        """Write the configuration file and return the program to start."""
        self.folder.mkdir(parents=True, exist_ok=True)
        config = self.folder / f"{name}.yaml"
        content = {
            "listen": f"{LOOPBACK}:{self.port}",
            **self.settings,
            "clusters": [dict(cluster) for cluster in self.clusters],
        }
        config.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
        return Program(
            name=name,
            argv=(sys.executable, "-m", "lma.cli.main", "gateway", "--config", str(config)),
            log=self.folder / f"{name}.log",
            ready_url=f"{self.url}/-/ready",
            environment={"PYTHONPATH": str(ROOT)},
        )
