"""Run a Thanos Rule whose query endpoint is a gateway, and a Thanos Query that reads what it has recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from lma.demo.ports import LOOPBACK
from lma.demo.processes import Program
from lma.demo.thanos import Query
from tests.real.supervisor import Supervisor

EVALUATION_INTERVAL = "1s"


@dataclass(frozen=True, slots=True)
class Rule:
    """A running Thanos Rule: the address of its own API, and of a Thanos Query over its storage."""

    url: str
    storage_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleProcess:
    """One Thanos Rule; ``query_args`` say how it finds what answers its queries."""

    folder: Path
    http_port: int
    grpc_port: int
    groups: Sequence[Mapping[str, Any]]
    query_args: tuple[str, ...]

    @property
    def url(self) -> str:
        """The address of its HTTP API."""
        return f"http://{LOOPBACK}:{self.http_port}"

    def program(self, name: str, binary: Path) -> Program:
        """Write the rules and return the program to start."""
        self.folder.mkdir(parents=True, exist_ok=True)
        rules = self.folder / "rules.yml"
        rules.write_text(yaml.safe_dump({"groups": [dict(group) for group in self.groups]}), encoding="utf-8")
        return Program(
            name=name,
            argv=(
                str(binary),
                "rule",
                f"--http-address={LOOPBACK}:{self.http_port}",
                f"--grpc-address={LOOPBACK}:{self.grpc_port}",
                "--http-grace-period=1s",
                "--grpc-grace-period=1s",
                f"--data-dir={self.folder / 'data'}",
                f"--rule-file={rules}",
                f"--eval-interval={EVALUATION_INTERVAL}",
                '--label=ruler="a"',
                "--log.level=warn",
                *self.query_args,
            ),
            log=self.folder / "rule.log",
            ready_url=f"{self.url}/-/ready",
        )


def by_url(gateway_url: str) -> tuple[str, ...]:
    """Return the arguments of a ruler that is given a URL; it POSTs its queries."""
    return (f"--query={gateway_url}",)


def by_config(gateway_url: str, path_prefix: str) -> tuple[str, ...]:
    """Return the arguments of a ruler that is given a list of servers and a path; it GETs."""
    address = gateway_url.removeprefix("http://")
    listed = [{"static_configs": [address], "scheme": "http", "path_prefix": path_prefix}]
    return (f"--query.config={yaml.safe_dump(listed)}", "--query.http-method=GET")


def start_rule(
    supervisor: Supervisor,
    binary: Path,
    folder: Path,
    groups: Sequence[Mapping[str, Any]],
    query_args: tuple[str, ...],
) -> Rule:
    """Start the ruler and the reader of its storage."""
    ports = supervisor.ports
    process = RuleProcess(
        folder=folder, http_port=ports.take(), grpc_port=ports.take(), groups=groups, query_args=query_args
    )
    supervisor.start(process.program(f"rule-{folder.name}", binary))
    storage = Query(
        folder=folder / "storage",
        http_port=ports.take(),
        grpc_port=ports.take(),
        endpoints=(f"{LOOPBACK}:{process.grpc_port}",),
    )
    supervisor.start(storage.program(f"rule-storage-{folder.name}", binary))
    supervisor.run(storage.wait_for_stores())
    return Rule(process.url, storage.url)
