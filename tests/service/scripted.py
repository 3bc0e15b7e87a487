"""A cluster's endpoint that answers what a test tells it to: a real server on loopback, speaking all three APIs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal

from aiohttp import web

Mood = Literal["well", "html", "failing", "hanging"]


@dataclass(slots=True)
class Endpoint:
    """What it shows: ``labels`` on everything, ``sample`` for every query. ``mood`` can change while it runs."""

    url: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    sample: str = "1"
    mood: Mood = "well"
    asked: list[str] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request.path)
        if self.mood == "html":
            return web.Response(text="<html><body>Welcome to nginx!</body></html>", content_type="text/html")
        if self.mood == "hanging":
            await asyncio.Event().wait()
        if self.mood == "failing":
            return web.Response(status=500, text="out of memory")
        if request.path == "/api/v2/status":
            return web.json_response({"versionInfo": {"version": "0.31.1"}})
        if request.path == "/loki/api/v1/status/buildinfo":
            return web.json_response({"version": "3.7.8"})
        return web.json_response({"status": "success", "data": self._data(request)})

    def _data(self, request: web.Request) -> object:
        kind = request.path.rsplit("/", 1)[-1]
        if kind == "buildinfo":
            return {"version": "3.16.0"}
        if kind == "values":
            shown = self.labels.get(request.path.split("/")[-2])
            return [] if shown is None else [shown]
        if kind == "series":
            return []
        if kind == "labels":
            return ["__name__", *self.labels]
        metric = {"__name__": "up", "job": "shop", **self.labels}
        return {"resultType": "vector", "result": [{"metric": metric, "value": [time.time(), self.sample]}]}


@asynccontextmanager
async def endpoint(*, sample: str = "1", mood: Mood = "well", **labels: str) -> AsyncIterator[Endpoint]:
    """Run one on a port the system chose."""
    made = Endpoint(labels=labels, sample=sample, mood=mood)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", made.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        made.url = f"http://{host}:{port}"
        yield made
    finally:
        await runner.cleanup()
