"""The whole program: first start, restart, signals, and the mistakes an operator makes."""

from __future__ import annotations

import asyncio
import re
import signal
import stat
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from lma.registry.tokens import is_well_formed
from query.app.serve import bind
from tests.service.process import arguments, finished, running
from tests.service.scripted import endpoint


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def test_the_first_start_prints_a_token_once_and_keeps_it_for_its_user(tmp_path: Path) -> None:
    state = tmp_path / "state"
    async with running(state) as first:
        assert await first.stopped() == 0
        assert first.process.stdout is not None
        printed = (await first.process.stdout.read()).decode()
    shown = re.findall(r"^  (lma_\S+)$", printed, re.MULTILINE)
    assert shown == [first.token]
    assert is_well_formed(first.token)
    assert str(state / "admin-token") in printed
    assert (mode_of(state), mode_of(state / "admin-token"), mode_of(state / "lma.db")) == (0o700, 0o600, 0o600)
    assert first.token not in str(first.events)
    async with running(state) as second:
        async with second.client() as client:
            assert (await client.get("/v1/clusters")).status_code == 200
        assert await second.stopped() == 0
        assert second.process.stdout is not None
        assert await second.process.stdout.read() == b""


async def test_a_reset_ends_the_old_token(tmp_path: Path) -> None:
    state = tmp_path / "state"
    async with running(state) as first:
        await first.stopped()
    async with running(state, reset=True) as second:
        assert second.token != first.token
        async with second.client() as client:
            assert (await client.get("/v1/clusters")).status_code == 200
            old = await client.get("/v1/clusters", headers={"Authorization": f"Bearer {first.token}"})
            assert old.status_code == 401
        await second.stopped()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    async with running(tmp_path / "state") as service, service.client() as client:
        await client.get("/-/ready")
        assert await service.stopped(number) == 0
        with pytest.raises(httpx.ConnectError):
            await client.get("/-/ready")
    assert service.seen()[-2:] == ["stopping", "stopped"]


async def test_clusters_survive_a_kill(tmp_path: Path) -> None:
    state = tmp_path / "state"
    async with endpoint(sample="7") as seoul:
        async with running(state) as first:
            async with first.client() as client:
                content = {"name": "seoul", "endpoints": {"metrics": {"url": seoul.url}}}
                assert (await client.post("/v1/clusters", json=content)).status_code == 201
            assert await first.stopped(signal.SIGKILL) == -signal.SIGKILL
        async with running(state) as second, second.client() as client:
            shown = await client.get("/v1/clusters/seoul")
            assert (shown.status_code, shown.json()["endpoints"]["metrics"]["url"]) == (200, seoul.url)
            answer = await client.get("/prometheus/api/v1/query", params={"query": "up"})
            assert answer.json()["data"]["result"][0]["metric"]["cluster"] == "seoul"


async def test_what_was_acknowledged_is_there_after_a_kill_in_the_middle(tmp_path: Path, dead_url: str) -> None:
    state = tmp_path / "state"
    acknowledged: set[str] = set()
    enough = asyncio.Event()
    async with running(state) as first, first.client() as client:

        async def register(name: str) -> None:
            content = {"name": name, "endpoints": {"metrics": {"url": f"{dead_url}/{name}"}}}
            try:
                answer = await client.post("/v1/clusters", json=content)
            except httpx.HTTPError:
                return  # killed before it could answer
            assert answer.status_code == 201
            acknowledged.add(name)
            if len(acknowledged) == 5:
                enough.set()

        registering = [asyncio.create_task(register(f"c{number}")) for number in range(40)]
        await asyncio.wait_for(enough.wait(), 30)
        assert await first.stopped(signal.SIGKILL) == -signal.SIGKILL
        await asyncio.gather(*registering)
    assert 5 <= len(acknowledged) < 40
    async with running(state) as second, second.client() as client:
        listed = {item["name"] for item in (await client.get("/v1/clusters")).json()["clusters"]}
    assert acknowledged <= listed


async def test_a_port_in_use_is_told_and_nothing_is_made(tmp_path: Path) -> None:
    with bind("127.0.0.1:0") as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        code, out, err = await finished(*arguments(tmp_path / "state", listen=listen), home=tmp_path)
    assert code == 1
    assert out == ""
    assert err.startswith(f"lma serve: cannot listen on {listen}: port ")
    assert "--listen" in err
    assert err.count("\n") == 1
    assert not (tmp_path / "state").exists()


async def test_two_services_do_not_share_a_state_directory(tmp_path: Path) -> None:
    async with running(tmp_path / "state") as first:
        code, _, err = await finished(*arguments(tmp_path / "state"), home=tmp_path)
    assert code == 1
    assert f"another `lma serve` (process {first.process.pid})" in err
    assert "--state-dir" in err


async def test_a_configuration_file_is_obeyed_and_flags_override_it(tmp_path: Path) -> None:
    config = tmp_path / "lma.yaml"
    config.write_text(f"listen: 127.0.0.1:1\nstate_dir: {tmp_path / 'elsewhere'}\nqueries: {{auth: token}}\n")
    async with running(tmp_path / "state", config=config) as service:
        async with httpx.AsyncClient(base_url=service.url) as anonymous:
            refused = await anonymous.get("/prometheus/api/v1/query", params={"query": "up"})
            assert refused.status_code == 401
        await service.stopped()
    assert (tmp_path / "state" / "lma.db").exists()
    assert not (tmp_path / "elsewhere").exists()


async def test_a_second_signal_does_not_wait_for_requests(tmp_path: Path) -> None:
    async with endpoint(mood="hanging") as slow, running(tmp_path / "state") as service, service.client() as client:
        content = {"name": "slow", "endpoints": {"metrics": {"url": slow.url}}}
        asked = asyncio.create_task(client.post("/v1/clusters", json=content, timeout=20))
        await until(lambda: bool(slow.asked))
        service.process.send_signal(signal.SIGTERM)
        await until(lambda: "stopping" in service.seen())
        assert await service.stopped(signal.SIGTERM) == 130
        assert (await asked).status_code == 503
    assert service.seen()[-1] == "stopped"
    assert "request failed" not in service.seen()


async def until(holds: Callable[[], bool]) -> None:
    """Wait for what another process will do; there is nothing here to be told by."""
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.02)
