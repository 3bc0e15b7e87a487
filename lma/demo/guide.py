"""What a person reads once the demo is up: where to point Grafana, what to type, what it answers."""

from __future__ import annotations

import asyncio
import os

from rich.console import Console

from lma.demo.playground import Playground
from lma.demo.questions.metrics import RATES
from lma.demo.service import LMA

ANSWER_TIMEOUT_S = 20.0
DEFAULT_URL = "http://127.0.0.1:9090"  # where `lma query` asks when it is told nothing


async def show_guide(playground: Playground, console: Console) -> None:
    """Print the guide, with the real answer of the command line."""
    service = playground.service
    count = len(playground.processes)
    at = "" if service.url == DEFAULT_URL else f"--url {service.url} "
    text = f"""
The demo runs: {len(playground.clusters)} clusters and the service, {count} processes, all on loopback.

Grafana data sources
  Prometheus   {service.prometheus_url}
  Loki         {service.url}

Ask with curl
  curl -sG {service.prometheus_url}/api/v1/query --data-urlencode 'query=sum by (cluster) (up)'
  curl -sG {service.url}/loki/api/v1/query_range --data-urlencode 'query={{app="shop"}} |= "error"' -d limit=5
  curl -s -H "Authorization: Bearer $(cat {service.token_file})" {service.url}/v1/clusters

Ask with lma
  $ LMA_STATE_DIR={service.token_file.parent} lma {at}cluster list
  $ lma {at}query '{RATES}'"""
    _print(console, text)
    _print(console, await command_answer(playground, console.width))
    _print(
        console,
        f"Files, logs, and every process with its pid (try kill -STOP on one): {playground.folder}\n"
        "Ctrl-C stops everything.\n",
    )


async def command_answer(playground: Playground, width: int) -> str:
    """Run ``lma query`` as a person would and return what it printed."""
    process = await asyncio.create_subprocess_exec(
        *LMA,
        "query",
        RATES,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "LMA_URL": playground.service.url, "COLUMNS": str(min(width - 2, 100))},
    )
    try:
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            output, _ = await process.communicate()
    except TimeoutError:
        return f"  (no answer within {ANSWER_TIMEOUT_S:.0f} s)\n"
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return "".join(f"  {line}\n" for line in output.decode(errors="replace").splitlines())


def _print(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)
