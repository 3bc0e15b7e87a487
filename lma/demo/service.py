"""``lma serve`` as a process, and the little of its public API that the demo needs to set it up.

The demo has no way into the service that a user does not have: it reads the admin token from the file the
service writes at its first start, and registers clusters over HTTP.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import httpx

from lma.demo.errors import ServiceError
from lma.demo.ports import LOOPBACK
from lma.demo.processes import Program

# The command line of this very installation, whether or not its script is on PATH.
LMA = (sys.executable, "-c", "from lma.cli.main import main; main()")


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One ``lma serve``; its state is in ``folder``."""

    folder: Path
    port: int

    @property
    def url(self) -> str:
        """Where people reach it: Loki's data source URL."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def prometheus_url(self) -> str:
        """Prometheus's data source URL."""
        return f"{self.url}/prometheus"

    @property
    def token_file(self) -> Path:
        """Where the service puts the admin token."""
        return self.folder / "admin-token"

    def program(self) -> Program:
        """Return the program to start."""
        return Program(
            name="service",
            argv=(
                *LMA,
                "serve",
                f"--listen={LOOPBACK}:{self.port}",
                f"--state-dir={self.folder}",
            ),
            log=self.folder.parent / "service.log",
            ready_url=f"{self.url}/-/ready",
        )

    def token(self) -> str:
        """Return the admin token."""
        try:
            return self.token_file.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ServiceError(
                f"the service left no admin token in {self.token_file}: {error.strerror}",
                f"read its log: {self.program().log}",
            ) from error

    async def register(self, body: dict[str, object]) -> None:
        """Register a cluster, as an administrator would."""
        headers = {"Authorization": f"Bearer {self.token()}"}
        try:
            async with httpx.AsyncClient(timeout=30.0, trust_env=False) as http:
                answer = await http.post(f"{self.url}/v1/clusters", json=body, headers=headers)
        except httpx.HTTPError as error:
            raise ServiceError(
                f"registering {body['name']} got no answer: {type(error).__name__}",
                f"read the service's log: {self.program().log}",
            ) from error
        if answer.is_error:
            raise ServiceError(
                f"the service refused to register {body['name']}: HTTP {answer.status_code}:"
                f" {answer.text.strip()[:500]}",
                f"read the service's log: {self.program().log}",
            )
