"""The service as a process over real Prometheus and Loki servers, asked by their own clients."""

from __future__ import annotations

import asyncio
import json
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

import lma.parts
from tests.service.process import finished, running

PROMETHEUS_YAML = """
global: {{scrape_interval: 1s}}
scrape_configs:
  - job_name: itself
    static_configs: [{{targets: ["127.0.0.1:{port}"], labels: {labels}}}]
"""
LOKI_YAML = """
auth_enabled: false
server:
  {{http_listen_address: 127.0.0.1, http_listen_port: {port}, grpc_listen_address: 127.0.0.1, grpc_listen_port: 0}}
common:
  path_prefix: {folder}
  instance_addr: 127.0.0.1
  replication_factor: 1
  ring: {{kvstore: {{store: inmemory}}}}
  storage: {{filesystem: {{chunks_directory: {folder}/chunks, rules_directory: {folder}/rules}}}}
schema_config:
  configs:
    - {{from: 2024-01-01, store: tsdb, object_store: filesystem, schema: v13, index: {{prefix: i_, period: 24h}}}}
"""


@pytest.fixture(scope="module")
def binaries() -> dict[str, Path]:
    return lma.parts.ensure(["prometheus", "promtool", "loki", "logcli"])


@asynccontextmanager
async def server(*argv: str | Path, ready: str) -> AsyncIterator[None]:
    process = await asyncio.create_subprocess_exec(*map(str, argv), stdout=DEVNULL, stderr=DEVNULL)
    try:
        await answers(ready)
        yield
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@asynccontextmanager
async def prometheus(binary: Path, folder: Path, port: int, **labels: str) -> AsyncIterator[str]:
    config = written(folder, PROMETHEUS_YAML.format(port=port, labels=json.dumps(labels)))
    url = f"http://127.0.0.1:{port}"
    argv = (f"--config.file={config}", f"--storage.tsdb.path={folder}/data", f"--web.listen-address=127.0.0.1:{port}")
    async with server(binary, *argv, ready=f"{url}/-/ready"):
        await answers(f"{url}/api/v1/series?match[]=up", holding='"up"')
        yield url


@asynccontextmanager
async def loki(binary: Path, folder: Path, port: int) -> AsyncIterator[str]:
    config = written(folder, LOKI_YAML.format(port=port, folder=folder))
    url = f"http://127.0.0.1:{port}"
    async with server(binary, f"-config.file={config}", "-target=all", ready=f"{url}/loki/api/v1/label/cluster/values"):
        yield url


def written(folder: Path, text: str) -> Path:
    folder.mkdir()
    config = folder / "config.yaml"
    config.write_text(text)
    return config


async def answers(url: str, *, holding: str = "") -> None:
    """Wait until a server that was just started is up: it tells nobody."""
    async with asyncio.timeout(60), httpx.AsyncClient(timeout=5, trust_env=False) as client:
        while True:
            try:
                answer = await client.get(url)
                if answer.is_success and holding in answer.text:
                    return
            except httpx.HTTPError:
                pass  # not yet listening
            await asyncio.sleep(0.1)


def content(name: str, **urls: str) -> dict[str, Any]:
    return {"name": name, "endpoints": {signal: {"url": url} for signal, url in urls.items()}}


async def test_real_servers_are_registered_refused_and_queried(
    binaries: dict[str, Path], tmp_path: Path, unused_tcp_port_factory: Any
) -> None:
    ports = [unused_tcp_port_factory() for _ in range(3)]
    async with (
        prometheus(binaries["prometheus"], tmp_path / "plain", ports[0]) as plain,
        prometheus(binaries["prometheus"], tmp_path / "labelled", ports[1], cluster="seoul") as labelled,
        loki(binaries["loki"], tmp_path / "loki", ports[2]) as logs,
        running(tmp_path / "state") as service,
        service.client() as client,
    ):
        made = await client.post("/v1/clusters", json=content("seoul", metrics=plain, logs=logs), timeout=30)
        assert made.status_code == 201, made.text
        seen = {item["type"]: (item["status"], item["message"]) for item in made.json()["conditions"]}
        for kind, version in (("Metrics", "version 3."), ("Logs", "version ")):
            status, message = seen[f"{kind}Reachable"]
            assert (status, version in message) == ("True", True), message
        assert made.json()["warnings"] == []

        alias = await client.post("/v1/clusters", json=content("alias", metrics=labelled), timeout=30)
        assert alias.status_code == 409, alias.text
        assert "'seoul'" in alias.json()["error"]["message"]

        code, out, err = await finished(
            str(binaries["promtool"]), "query", "instant", f"{service.url}/prometheus", "up", home=tmp_path
        )
        assert (code, 'cluster="seoul"' in out) == (0, True), err
        code, out, err = await finished(
            str(binaries["logcli"]), "labels", f"--addr={service.url}", "--quiet", home=tmp_path
        )
        assert code == 0, err

        await client.delete("/v1/clusters/seoul")
        renamed = await client.post("/v1/clusters", json=content("seoul", metrics=labelled), timeout=30)
        assert renamed.status_code == 201, renamed.text
        conditions = {item["type"]: item["status"] for item in renamed.json()["conditions"]}
        assert conditions == {"MetricsReachable": "True", "LabelsConsistent": "True", "PartitionUnique": "True"}
