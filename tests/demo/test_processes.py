"""Processes become ready, are stopped in order, and never outlive who started them."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import pytest

from lma.demo import processes
from lma.demo.errors import ProcessError
from lma.demo.ports import LOOPBACK, Ports
from lma.demo.processes import ProcessGroup, Program
from tests.demo.watching import is_alive, until

STUBBORN = """
import pathlib, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
pathlib.Path(sys.argv[1]).touch()
time.sleep(60)
"""
# Starts a child in a group, and writes down its pid.
PARENT = """
import asyncio, os, pathlib, sys
from lma.demo.processes import ProcessGroup, Program

async def main(folder):
    async with ProcessGroup() as group:
        sleep = (sys.executable, "-c", "import time; time.sleep(60)")
        child = await group.start(Program("child", sleep, folder / "log"))
        (folder / "new").write_text(str(child.pid))
        os.rename(folder / "new", folder / "pid")
        await asyncio.sleep(60)

asyncio.run(main(pathlib.Path(sys.argv[1])))
"""


def stubborn(tmp_path: Path) -> tuple[Program, Path]:
    """Return a program that ignores SIGTERM, and the file it makes once it does."""
    ready = tmp_path / "ready"
    return Program("stubborn", (sys.executable, "-c", STUBBORN, str(ready)), tmp_path / "log"), ready


def python(name: str, code: str, log: Path, ready_url: str | None = None) -> Program:
    return Program(name=name, argv=(sys.executable, "-c", code), log=log, ready_url=ready_url)


def web_server(name: str, port: int, log: Path) -> Program:
    code = (
        "import http.server\n"
        "class Handler(http.server.BaseHTTPRequestHandler):\n"
        "    def do_GET(self):\n"
        "        self.send_response(200); self.end_headers()\n"
        f"http.server.HTTPServer(('{LOOPBACK}', {port}), Handler).serve_forever()"
    )
    return python(name, code, log, f"http://{LOOPBACK}:{port}/")


async def test_ready_means_that_it_answers(group: ProcessGroup, ports: Ports, tmp_path: Path) -> None:
    running = await group.start(web_server("server", ports.take(), tmp_path / "log"))
    assert is_alive(running.pid)
    assert group.running == (running,)
    assert group.ended == ()


async def test_program_that_ends_early_shows_its_log(group: ProcessGroup, ports: Ports, tmp_path: Path) -> None:
    program = python(
        "server", "raise SystemExit('no such file: x.yml')", tmp_path / "log", f"http://{LOOPBACK}:{ports.take()}/"
    )
    with pytest.raises(ProcessError, match="ended with exit code 1 before it was ready") as caught:
        await group.start(program)
    assert "no such file: x.yml" in str(caught.value)
    assert str(tmp_path / "log") in caught.value.remedy


async def test_program_that_never_answers_is_given_up(group: ProcessGroup, ports: Ports, tmp_path: Path) -> None:
    program = python("server", "import time; time.sleep(60)", tmp_path / "log", f"http://{LOOPBACK}:{ports.take()}/")
    with pytest.raises(ProcessError, match=r"not ready within 0 s .* ConnectError"):
        await group.start(program, timeout_s=0.4)


async def test_missing_binary_is_an_error(group: ProcessGroup, tmp_path: Path) -> None:
    with pytest.raises(ProcessError, match="could not be started: /nonexistent: No such file"):
        await group.start(Program("server", ("/nonexistent",), tmp_path / "log"))


async def test_same_name_twice_is_refused(group: ProcessGroup, tmp_path: Path) -> None:
    program = python("server", "import time; time.sleep(60)", tmp_path / "log")
    await group.start(program)
    with pytest.raises(ValueError, match="running already"):
        await group.start(program)


async def test_stop_is_in_reverse_order(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    code = (
        "import signal, sys, time\n"
        "def end(*_):\n"
        "    open({journal!r}, 'a').write({name!r} + ' '); sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, end)\n"
        "open({ready!r}, 'w').close()\n"
        "time.sleep(60)"
    )
    async with ProcessGroup() as group:
        for name in ("first", "second", "third"):
            ready = tmp_path / name
            await group.start(
                python(name, code.format(journal=str(journal), name=name, ready=str(ready)), tmp_path / "log")
            )
            await until(ready.exists)
    assert journal.read_text().split() == ["third", "second", "first"]


async def test_program_that_ignores_sigterm_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "GRACE_S", 0.3)
    program, ready = stubborn(tmp_path)
    async with ProcessGroup() as group:
        running = await group.start(program)
        await until(ready.exists)
    assert not is_alive(running.pid)
    assert running.process.returncode == -signal.SIGKILL


async def test_interrupted_stop_still_ends_everything(tmp_path: Path) -> None:
    program, ready = stubborn(tmp_path)
    pids: list[int] = []
    is_stopping = asyncio.Event()

    async def work() -> None:
        async with ProcessGroup() as group:
            pids.append((await group.start(program)).pid)
            await until(ready.exists)
            is_stopping.set()

    task = asyncio.create_task(work())
    await is_stopping.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(lambda: not is_alive(pids[0]))


async def test_stopped_program_can_be_started_again(group: ProcessGroup, ports: Ports, tmp_path: Path) -> None:
    first = await group.start(web_server("server", ports.take(), tmp_path / "log"))
    second = await group.restart("server")
    assert not is_alive(first.pid)
    assert is_alive(second.pid)


async def test_program_that_ended_by_itself_is_noticed(group: ProcessGroup, tmp_path: Path) -> None:
    running = await group.start(python("short", "pass", tmp_path / "log"))
    await until(lambda: running.has_ended)
    assert group.ended == (running,)


async def test_children_of_a_killed_parent_are_ended_by_the_kernel(tmp_path: Path) -> None:
    listed = tmp_path / "pid"
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", PARENT, tmp_path)
    try:
        await until(listed.exists)
        child = int(listed.read_text())
        assert is_alive(child)
    finally:
        parent.kill()
        await parent.wait()
    await until(lambda: not is_alive(child))
