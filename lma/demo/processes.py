"""Processes that are started together, become ready one by one, and never outlive the one who started them.

A ``ProcessGroup`` is an async context manager. Leaving it, for whatever reason, stops its processes in
the reverse order of their start: SIGTERM, a grace period, SIGKILL, each by process id. Should this
program itself be killed, the kernel ends the children (``lma.parts.parent_death``). Children live in sessions
of their own, so a Ctrl-C in the terminal reaches only us, and the order of the stop is ours.

"Ready" is an HTTP answer with status 200 from the process itself, not the existence of a pid. Linux only.

::

    async with ProcessGroup() as group:
        await group.start(Program("prometheus", (binary, "--config.file=…"), log,
        "http://127.0.0.1:9101/-/ready"))
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from lma.demo.errors import ProcessError
from lma.parts.parent_death import die_with_parent

READY_TIMEOUT_S = 60.0
GRACE_S = 8.0
POLL_S = 0.1
TAIL_BYTES = 4096
TAIL_LINES = 12


@dataclass(frozen=True, slots=True)
class Program:
    """What to run: a name for messages, the command, where its output goes, and the URL that answers once ready."""

    name: str
    argv: tuple[str, ...]
    log: Path
    ready_url: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Running:
    """A started program."""

    program: Program
    process: asyncio.subprocess.Process

    @property
    def pid(self) -> int:
        """The process id."""
        return self.process.pid

    @property
    def has_ended(self) -> bool:
        """Tell whether it is gone, wanted or not."""
        return self.process.returncode is not None


class ProcessGroup:
    """Starts programs and stops them all; see the module's docstring for the promises."""

    def __init__(self) -> None:
        self._running: dict[str, Running] = {}
        self._http = httpx.AsyncClient(timeout=5.0, trust_env=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self.stop_all()
        finally:
            await self._kill_rest()
            await self._http.aclose()

    @property
    def running(self) -> tuple[Running, ...]:
        """Every program that was started and not stopped since, in order; some may have ended by themselves."""
        return tuple(self._running.values())

    @property
    def ended(self) -> tuple[Running, ...]:
        """Programs that ended although nobody stopped them."""
        return tuple(running for running in self._running.values() if running.has_ended)

    async def start(self, program: Program, *, timeout_s: float = READY_TIMEOUT_S) -> Running:
        """Start a program and wait until it is ready; raise ProcessError with the end of its log if it isn't."""
        running = await self._spawn(program)
        if program.ready_url is not None:
            await self._wait_ready(running, program.ready_url, timeout_s)
        return running

    async def restart(self, name: str) -> Running:
        """Stop a program (if it still runs) and start it again as it was."""
        program = self._running[name].program
        await self.stop(name)
        return await self.start(program)

    async def stop(self, name: str) -> Program:
        """Stop one program; return what it was, so that it can be started again."""
        running = self._running[name]
        await _end(running)
        del self._running[name]
        return running.program

    async def stop_all(self) -> None:
        """Stop every program, the last started first."""
        for name in reversed(tuple(self._running)):
            await self.stop(name)

    async def _spawn(self, program: Program) -> Running:
        existing = self._running.get(program.name)
        if existing is not None and not existing.has_ended:
            raise ValueError(f"{program.name} is running already")
        program.log.parent.mkdir(parents=True, exist_ok=True)
        with program.log.open("ab") as output:
            try:
                process = await asyncio.create_subprocess_exec(
                    *program.argv,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=output,
                    stderr=asyncio.subprocess.STDOUT,
                    env={**os.environ, **program.environment},
                    start_new_session=True,
                    preexec_fn=die_with_parent(),
                )
            except OSError as error:
                raise ProcessError(
                    f"{program.name} could not be started: {program.argv[0]}: {error.strerror}",
                    log=program.log,
                    tail="",
                ) from error
        running = Running(program, process)
        self._running[program.name] = running
        return running

    async def _wait_ready(self, running: Running, url: str, timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        seen = "no answer"
        while time.monotonic() < deadline:
            if running.has_ended:
                raise _failure(running, f"ended with exit code {running.process.returncode} before it was ready")
            try:
                answer = await self._http.get(url)
            except httpx.HTTPError as error:
                seen = type(error).__name__
            else:
                if answer.status_code == httpx.codes.OK:
                    return
                seen = f"HTTP {answer.status_code}: {answer.text.strip()[:120]}"
            await asyncio.sleep(POLL_S)
        raise _failure(running, f"was not ready within {timeout_s:.0f} s ({url}: {seen})")

    async def _kill_rest(self) -> None:
        """Kill what an interrupted stop left; waits no longer than the kernel takes."""
        rest = [running for running in self._running.values() if not running.has_ended]
        for running in rest:
            _signal(running, signal.SIGKILL)
        try:
            async with asyncio.timeout(GRACE_S):
                for running in rest:
                    await running.process.wait()
        except TimeoutError:
            return


async def _end(running: Running) -> None:
    for sign in (signal.SIGTERM, signal.SIGKILL):
        if running.has_ended:
            return
        _signal(running, sign)
        try:
            async with asyncio.timeout(GRACE_S):
                await running.process.wait()
        except TimeoutError:
            continue


def _signal(running: Running, sign: signal.Signals) -> None:
    try:
        running.process.send_signal(sign)
    except ProcessLookupError:
        return


def _failure(running: Running, what: str) -> ProcessError:
    return ProcessError(f"{running.program.name} {what}", log=running.program.log, tail=log_tail(running.program.log))


def log_tail(path: Path) -> str:
    """Return the last lines of a log file."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - TAIL_BYTES))
            text = file.read().decode(errors="replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-TAIL_LINES:])
