"""The line that shows that the demo is alive: what each cluster serves now, and what is down."""

from __future__ import annotations

import asyncio
import time
from contextlib import ExitStack

import httpx
from rich.console import Console

from lma.demo.playground import Playground
from lma.demo.questions.inquiry import table
from lma.demo.questions.metrics import RATES
from lma.parts.progress import clock

REFRESH_S = 2.0
PLAIN_INTERVAL_S = 30.0


async def follow(playground: Playground, console: Console) -> None:
    """Show the line until cancelled: moving in a terminal, a new one now and then elsewhere."""
    began = time.monotonic()
    printed_at = float("-inf")
    async with httpx.AsyncClient(timeout=5.0, trust_env=False) as http:
        with ExitStack() as stack:
            line = stack.enter_context(console.status("")) if console.is_terminal else None
            while True:
                text = f"{clock(time.monotonic() - began)}  {await describe(playground, http)}"
                if line is not None:
                    line.update(text)
                elif time.monotonic() - printed_at >= PLAIN_INTERVAL_S:
                    printed_at = time.monotonic()
                    console.print(text, markup=False, highlight=False, soft_wrap=True)
                await asyncio.sleep(REFRESH_S)


async def describe(playground: Playground, http: httpx.AsyncClient) -> str:
    """Return the line: requests a second of each cluster, warnings, processes that ended."""
    parts = [await _rates(playground, http)]
    processes = playground.processes
    ended = [running.program.name for running in processes if running.has_ended]
    parts.append(f"{len(processes) - len(ended)} processes")
    if ended:
        parts.append(f"down: {', '.join(ended)}")
    return " · ".join(parts)


async def _rates(playground: Playground, http: httpx.AsyncClient) -> str:
    try:
        answer = await http.get(f"{playground.service.prometheus_url}/api/v1/query", params={"query": RATES})
        body = answer.json()
        rates = {item["metric"]["cluster"]: float(item["value"][1]) for item in body["data"]["result"]}
    except (httpx.HTTPError, ValueError, LookupError, TypeError):
        return "the service does not answer"
    warnings = "".join(f" · {warning}" for warning in body.get("warnings") or ())
    return f"{table(rates, ' req/s')}{warnings}"
