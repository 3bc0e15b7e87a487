"""The whole demo as a person runs it: by its command, watched from outside."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from lma.demo.ports import LOOPBACK
from lma.demo.questions import QUESTIONS
from lma.demo.service import LMA
from tests.demo.watching import is_alive, is_loopback, listening_addresses, until

UP_TIMEOUT_S = 90.0
pytestmark = [pytest.mark.timeout(180), pytest.mark.usefixtures("binaries")]


@asynccontextmanager
async def demo(*options: str) -> AsyncIterator[Process]:
    """Run ``lma demo``; end it in any case."""
    process = await asyncio.create_subprocess_exec(
        *LMA, "demo", *options, stdin=asyncio.subprocess.DEVNULL, stdout=PIPE, stderr=STDOUT
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                async with asyncio.timeout(20):
                    await process.communicate()
            except TimeoutError:
                process.kill()
                await process.wait()


async def read_until(process: Process, is_last: Callable[[str], bool]) -> str:
    """Read the output up to the line that satisfies ``is_last``."""
    assert process.stdout is not None
    seen = ""
    async with asyncio.timeout(UP_TIMEOUT_S):
        while line := (await process.stdout.readline()).decode():
            seen += line
            if is_last(line):
                return seen
    pytest.fail(f"the demo ended early:\n{seen}")


def listed_pids(state: Path) -> list[int]:
    return [item["pid"] for item in json.loads((state / "processes.json").read_text(encoding="utf-8"))]


async def test_check_gets_every_answer_right_and_leaves_nothing(tmp_path: Path) -> None:
    state = tmp_path / "state"
    async with demo("--check", f"--state-dir={state}") as process:
        async with asyncio.timeout(170):
            output, _ = await process.communicate()
        text = output.decode()
        assert process.returncode == 0, text
    assert f"{len(QUESTIONS)} of {len(QUESTIONS)} questions answered rightly" in text
    assert "warning: " in text, "the outage was seen"
    pids = listed_pids(state)
    assert len(pids) > 30
    assert not [pid for pid in pids if is_alive(pid)]


async def test_demo_says_what_to_do_next_and_stops_on_ctrl_c(tmp_path: Path) -> None:
    state = tmp_path / "state"
    async with demo("--port=0", f"--state-dir={state}") as process:
        text = await read_until(process, lambda line: "Ctrl-C stops everything" in line)
        url = next(line.split()[1] for line in text.splitlines() if line.startswith("  Loki "))
        assert f"Prometheus   {url}/prometheus" in text
        assert text.count("  curl ") == 3
        for cluster in ("seoul", "frankfurt", "oregon"):
            assert f"{cluster}: registered" in text
        answer = text[text.index("$ lma ") :]
        assert all(cluster in answer for cluster in ("seoul", "frankfurt", "oregon")), answer
        async with httpx.AsyncClient() as http:
            body = (await http.get(f"{url}/prometheus/api/v1/query", params={"query": "sum(up)"})).json()
        assert body["status"] == "success"
        assert await read_until(process, lambda line: "req/s" in line), "the status line goes on"
        pids = listed_pids(state)
        exposed = {pid: listening_addresses(pid) for pid in pids}
        assert all(is_loopback(address) for found in exposed.values() for address in found), exposed
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(30):
            output, _ = await process.communicate()
        assert process.returncode == 0, output.decode()
        assert "Traceback" not in text + output.decode()
    assert not [pid for pid in pids if is_alive(pid)]


async def test_killed_demo_leaves_no_orphans(tmp_path: Path) -> None:
    state = tmp_path / "state"
    async with demo("--port=0", f"--state-dir={state}") as process:
        await read_until(process, lambda line: "oregon: registered" in line)
        await until((state / "processes.json").exists)
        pids = listed_pids(state)
        process.kill()
        await process.wait()
    await until(lambda: not any(is_alive(pid) for pid in pids))


async def test_port_in_use_is_told_before_anything_starts(tmp_path: Path) -> None:
    with socket.create_server((LOOPBACK, 0)) as server:
        port = server.getsockname()[1]
        async with demo(f"--port={port}", f"--state-dir={tmp_path / 'state'}") as process:
            output, _ = await process.communicate()
    text = output.decode()
    assert process.returncode == 1
    assert f"{LOOPBACK}:{port} can't be listened on: Address already in use" in text
    assert f"--port {port + 1}" in text
    assert "Traceback" not in text
    assert not (tmp_path / "state").exists()


async def test_interrupted_while_starting(tmp_path: Path) -> None:
    async with demo("--check", f"--state-dir={tmp_path / 'state'}") as process:
        await read_until(process, lambda line: line.startswith("starting"))
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(30):
            output, _ = await process.communicate()
    assert process.returncode == 130
    assert "stopped everything" in output.decode()
    assert "Traceback" not in output.decode()
    assert not children_of(process.pid)


def children_of(parent: int) -> list[int]:
    """Return the processes whose parent that is."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                status = (entry / "stat").read_text(encoding="utf-8")
            except OSError:
                continue
            if int(status.rpartition(")")[2].split()[1]) == parent:
                found.append(int(entry.name))
    return found
