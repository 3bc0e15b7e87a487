"""Run a Loki on loopback: everything in one process, data in one folder, nothing heard outside the machine.

Loki's defaults listen on every interface, wait fifteen seconds before they call themselves ready, gossip
with peers and report statistics home. This configuration turns each of these off and leaves the query
path as it is by default (splitting by the hour, steps aligned), because that is what a gateway meets in
the field.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from lma.demo.ports import LOOPBACK
from lma.demo.processes import Program

SCHEMA_FROM = "2020-01-01"
TARGETS = "ingester,all"
"""Everything, the ingester first: Loki 3.7 orders its modules at random, and where the pattern ingester's tee comes
before the tenants' settings (one start in some dozens), it panics at the first push. The ingester brings the
settings, and not the tee."""
_LIFECYCLER = {"address": LOOPBACK, "min_ready_duration": "0s", "final_sleep": "0s"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Loki:
    """One server. ``limits`` is merged over the limits set here (``{"split_queries_by_interval": "0"}``)."""

    folder: Path
    http_port: int
    grpc_port: int
    multi_tenant: bool = False
    limits: Mapping[str, Any] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """The address of its HTTP API."""
        return f"http://{LOOPBACK}:{self.http_port}"

    def program(self, name: str, binary: Path) -> Program:
        """Write the configuration and return the program to start."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / "loki.yml"
        path.write_text(yaml.safe_dump(self._config(), sort_keys=False), encoding="utf-8")
        return Program(
            name=name,
            argv=(str(binary), f"-config.file={path}", f"-target={TARGETS}"),
            log=self.folder / "loki.log",
            ready_url=f"{self.url}/ready",
        )

    def _config(self) -> dict[str, Any]:
        return {
            "auth_enabled": self.multi_tenant,
            "analytics": {"reporting_enabled": False},
            "server": {
                "http_listen_address": LOOPBACK,
                "http_listen_port": self.http_port,
                "grpc_listen_address": LOOPBACK,
                "grpc_listen_port": self.grpc_port,
                "log_level": "warn",
                "graceful_shutdown_timeout": "1s",
            },
            "common": {
                "instance_addr": LOOPBACK,
                "path_prefix": str(self.folder / "data"),
                "replication_factor": 1,
                "ring": {"instance_addr": LOOPBACK, "kvstore": {"store": "inmemory"}},
                "storage": {
                    "filesystem": {
                        "chunks_directory": str(self.folder / "data" / "chunks"),
                        "rules_directory": str(self.folder / "data" / "rules"),
                    }
                },
            },
            "frontend": {"address": LOOPBACK, "scheduler_dns_lookup_period": "500ms"},
            "frontend_worker": {"dns_lookup_duration": "500ms"},
            "memberlist": {"bind_addr": [LOOPBACK], "advertise_addr": LOOPBACK},
            "ingester": {
                "lifecycler": _LIFECYCLER,
                "wal": {"flush_on_shutdown": False},
            },
            "schema_config": {
                "configs": [
                    {
                        "from": SCHEMA_FROM,
                        "store": "tsdb",
                        "object_store": "filesystem",
                        "schema": "v13",
                        "index": {"prefix": "index_", "period": "24h"},
                    }
                ]
            },
            "pattern_ingester": {"enabled": True, "lifecycler": _LIFECYCLER},
            "limits_config": {
                "volume_enabled": True,
                "reject_old_samples": False,
                "ingestion_rate_mb": 64,
                "ingestion_burst_size_mb": 128,
                **self.limits,
            },
        }
