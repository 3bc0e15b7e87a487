"""``lma serve`` as a process of its own: started, watched by its log, stopped by a signal."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx

ROOT: Final = Path(__file__).parents[2]
WAIT_S: Final = 30.0
_PROGRAM: Final = """
import json, sys
from pathlib import Path
from lma.service.command import run
config, listen, state_dir, reset = json.loads(sys.argv[1])
sys.exit(run(config and Path(config), listen, state_dir and Path(state_dir), reset))
"""


@dataclass(slots=True)
class Running:
    """A service that listens."""

    process: Process
    url: str
    events: list[dict[str, Any]]
    token: str
    _tasks: list[asyncio.Task[Any]] = field(default_factory=list)

    async def stopped(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send the signal and return the exit code."""
        self.process.send_signal(number)
        code = await asyncio.wait_for(self.process.wait(), WAIT_S)
        await asyncio.gather(*self._tasks)
        return code

    def seen(self) -> list[str]:
        """Return what was logged so far, by name of event."""
        return [event["event"] for event in self.events]

    def client(self) -> httpx.AsyncClient:
        """Return a client with the token."""
        return httpx.AsyncClient(base_url=self.url, headers={"Authorization": f"Bearer {self.token}"})


def arguments(
    state_dir: Path | None, *, listen: str | None = "127.0.0.1:0", config: Path | None = None, reset: bool = False
) -> list[str]:
    given = [config and str(config), listen, state_dir and str(state_dir), reset]
    return [sys.executable, "-c", _PROGRAM, json.dumps(given)]


def environment(home: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(home), "XDG_STATE_HOME": "", "PYTHONWARNINGS": "error"}


@asynccontextmanager
async def running(state_dir: Path, **options: Any) -> AsyncIterator[Running]:
    """Run a service until the block ends."""
    process = await asyncio.create_subprocess_exec(
        *arguments(state_dir, **options), stdout=PIPE, stderr=PIPE, env=environment(state_dir.parent)
    )
    try:
        events: list[dict[str, Any]] = []
        async with asyncio.timeout(WAIT_S):
            url = await _listening(process, events)
        token_file = state_dir / "admin-token"
        started = Running(process, url, events, token_file.read_text().strip() if token_file.exists() else "")
        started._tasks.append(asyncio.create_task(_collect(process, events)))
        yield started
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def finished(*args: str, home: Path) -> tuple[int, str, str]:
    """Run a service that ends by itself; return exit code, standard output and standard error."""
    process = await asyncio.create_subprocess_exec(*args, stdout=PIPE, stderr=PIPE, env=environment(home))
    try:
        out, err = await asyncio.wait_for(process.communicate(), WAIT_S)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode or 0, out.decode(), err.decode()


async def _listening(process: Process, events: list[dict[str, Any]]) -> str:
    assert process.stderr is not None
    async for line in process.stderr:
        try:
            events.append(json.loads(line))
        except ValueError:
            rest = (await process.stderr.read()).decode()
            raise AssertionError(f"the service did not start: {line.decode()}{rest}") from None
        if events[-1]["event"] == "listening":
            url: str = events[-1]["url"]
            return url
    raise AssertionError(f"the service ended: {events}")


async def _collect(process: Process, events: list[dict[str, Any]]) -> None:
    assert process.stderr is not None
    async for line in process.stderr:
        event: dict[str, Any] = json.loads(line)
        events.append(event)
