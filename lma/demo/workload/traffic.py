"""People who visit: independent visitors, each pausing a random time between requests.

The pauses are exponential, so requests arrive the way independent people do (a Poisson process), and
rates wobble in graphs as they do in the field. A shop that is away costs a visitor one failed request,
not the program.
"""

from __future__ import annotations

import argparse
import asyncio
import random

import aiohttp

from lma.demo.workload.lifetime import pause, stop_event

REQUEST_TIMEOUT_S = 10.0
RATE_PER_VISITOR = 1.5
_SHOP = (
    ("GET", "/", 30),
    ("GET", "/products/{}", 45),
    ("POST", "/cart", 14),
    ("POST", "/checkout", 8),
    ("GET", "/favicon.ico", 3),
)
_CHANCE = random.SystemRandom()
_PAYMENTS = (("POST", "/payments", 1),)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare this program's options."""
    parser.add_argument("targets", nargs="+", metavar="URL")
    parser.add_argument("--service", default="shop", choices=("shop", "payments"))
    parser.add_argument("--rate", type=float, default=5.0, help="requests a second over all targets")


async def run(options: argparse.Namespace) -> None:
    """Visit until a signal comes."""
    stop = stop_event()
    visitors = max(1, round(options.rate / RATE_PER_VISITOR))
    timeout = aiohttp.ClientTimeout(total=REQUEST_TIMEOUT_S)
    async with aiohttp.ClientSession(timeout=timeout) as http, asyncio.TaskGroup() as group:
        for _ in range(visitors):
            group.create_task(_visit(http, options.targets, options.service, options.rate / visitors, stop))


async def _visit(
    http: aiohttp.ClientSession, targets: list[str], service: str, rate: float, stop: asyncio.Event
) -> None:
    pages = _PAYMENTS if service == "payments" else _SHOP
    weights = [weight for _, _, weight in pages]
    while not await pause(stop, _CHANCE.expovariate(rate)):
        method, path, _ = _CHANCE.choices(pages, weights)[0]
        url = f"{_CHANCE.choice(targets)}/api{path.format(_CHANCE.randint(1, 40))}"
        try:
            async with http.request(method, url) as answer:
                await answer.read()
        except (aiohttp.ClientError, TimeoutError):
            continue
