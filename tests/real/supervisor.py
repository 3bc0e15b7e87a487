"""Drive the demo's asynchronous process group from plain, synchronous tests.

The tests ask one question after the other and gain nothing from an event loop of their own; the process group needs
one that lives as long as its processes. So one thread runs a loop for the whole session. (The thread must live as
long as the processes: the kernel ends a child when the *thread* that started it ends.)
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterable
from types import TracebackType
from typing import Any, Self, TypeVar

from lma.demo.ports import Ports
from lma.demo.processes import ProcessGroup, Program

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 60.0
_Result = TypeVar("_Result")


class Supervisor:
    """Ports and processes of a test session; leaving the ``with`` block stops every process."""

    def __init__(self) -> None:
        self.ports = Ports()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="supervisor", daemon=True)
        self._group: ProcessGroup

    def __enter__(self) -> Self:
        self._thread.start()
        self._group = self.run(_make_group())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.run(self._group.__aexit__(kind, error, trace), STOP_TIMEOUT_S)
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(STOP_TIMEOUT_S)
            self._loop.close()
            self.ports.close()

    def run(self, work: Coroutine[Any, Any, _Result], timeout_s: float = START_TIMEOUT_S) -> _Result:
        """Run a coroutine on the session's loop and return its result."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout_s)

    def start(self, *programs: Program) -> None:
        """Start programs side by side and return once all are ready."""
        self.run(self._start_all(programs))

    def stop(self, name: str) -> Program:
        """Stop one program; return what it was, so that it can be started again."""
        return self.run(self._group.stop(name))

    def is_running(self, name: str) -> bool:
        """Tell whether the program was started and has not ended."""
        return any(running.program.name == name and not running.has_ended for running in self._group.running)

    def pid(self, name: str) -> int:
        """Return the process id of a program."""
        return next(running.pid for running in self._group.running if running.program.name == name)

    async def _start_all(self, programs: Iterable[Program]) -> None:
        await asyncio.gather(*(self._group.start(program) for program in programs))


async def _make_group() -> ProcessGroup:
    """Make the group inside the loop, where its HTTP client belongs."""
    return ProcessGroup()
