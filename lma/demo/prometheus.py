"""Run a Prometheus on loopback: its configuration file, its rules, its command line.

Used by the demo (scraping, as one of two replicas), and by tests and benchmarks (no scraping, over a data
folder made beforehand). Everything is a value until ``program`` writes the files: ::

    server = Prometheus(folder, port, external_labels={"cluster": "seoul", "replica": "a"})
    await group.start(server.program("prometheus", binary))
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from lma.demo.ports import LOOPBACK
from lma.demo.processes import Program


@dataclass(frozen=True, slots=True)
class Target:
    """A ``host:port`` to scrape, with labels added to all its series."""

    address: str
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ScrapeJob:
    """Targets scraped under one job name."""

    name: str
    targets: tuple[Target, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prometheus:
    """One server. ``data`` defaults to a folder of its own; a given one is served as it is.

    ``retention`` is generous by default, so that prepared data from any year is not deleted at start. Replicas should
    share a ``rules_file``: Thanos takes groups from files of different names for different groups.
    """

    folder: Path
    port: int
    external_labels: Mapping[str, str] = field(default_factory=dict)
    jobs: tuple[ScrapeJob, ...] = ()
    rule_groups: tuple[Mapping[str, Any], ...] = ()
    rules_file: Path | None = None
    scrape_interval: str = "2s"
    data: Path | None = None
    retention: str = "100y"
    features: tuple[str, ...] = ()
    extra_args: tuple[str, ...] = ()

    @property
    def url(self) -> str:
        """The address of its HTTP API."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def data_folder(self) -> Path:
        """Where its blocks and write-ahead log are; a sidecar reads there too."""
        return self.data or self.folder / "data"

    def program(self, name: str, binary: Path) -> Program:
        """Write the configuration and return the program to start."""
        config = self._write_config()
        return Program(
            name=name,
            argv=(
                str(binary),
                f"--config.file={config}",
                f"--storage.tsdb.path={self.data_folder}",
                f"--storage.tsdb.retention.time={self.retention}",
                f"--web.listen-address={LOOPBACK}:{self.port}",
                "--web.enable-lifecycle",
                "--log.level=warn",
                *([f"--enable-feature={','.join(self.features)}"] if self.features else []),
                *self.extra_args,
            ),
            log=self.folder / "prometheus.log",
            ready_url=f"{self.url}/-/ready",
        )

    def _write_config(self) -> Path:
        self.data_folder.mkdir(parents=True, exist_ok=True)
        self.folder.mkdir(parents=True, exist_ok=True)
        config: dict[str, Any] = {
            "global": {
                "scrape_interval": self.scrape_interval,
                "scrape_timeout": self.scrape_interval,
                "evaluation_interval": self.scrape_interval,
                "external_labels": dict(self.external_labels),
            },
            "scrape_configs": [
                {
                    "job_name": job.name,
                    "static_configs": [
                        {"targets": [target.address], "labels": dict(target.labels)} for target in job.targets
                    ],
                }
                for job in self.jobs
            ],
        }
        if self.rule_groups:
            rules = self.rules_file or self.folder / "rules.yml"
            _dump({"groups": [dict(group) for group in self.rule_groups]}, rules)
            config["rule_files"] = [str(rules)]
        path = self.folder / "prometheus.yml"
        _dump(config, path)
        return path


def _dump(content: object, path: Path) -> None:
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
