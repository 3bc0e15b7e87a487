"""Who is measured: each answers a question by some requests, and has processes whose CPU counts as its own."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import aiohttp

from bench.questions import Question


class WrongAnswerError(Exception):
    """A contender did not answer; its time would mean nothing."""


@dataclass(frozen=True, slots=True)
class Contender:
    """``urls`` are asked side by side (the bare client asks each cluster); ``pids`` are the processes in front."""

    name: str
    urls: Sequence[str]
    pids: Sequence[int]

    async def ask(self, session: aiohttp.ClientSession, question: Question) -> list[bytes]:
        """Send the question once to every URL at the same time; return the bodies, read to the end."""
        return await asyncio.gather(*(self._ask_one(session, url, question) for url in self.urls))

    async def run(self, session: aiohttp.ClientSession, question: Question) -> None:
        """Ask as often as the question wants within one round."""
        gate = asyncio.Semaphore(question.at_once)

        async def once() -> None:
            async with gate:
                await self.ask(session, question)

        if question.at_once == 1:
            for _ in range(question.times):
                await self.ask(session, question)
        else:
            await asyncio.gather(*(once() for _ in range(question.times)))

    async def _ask_one(self, session: aiohttp.ClientSession, url: str, question: Question) -> bytes:
        async with session.get(f"{url}/api/v1/{question.path}", params=dict(question.parameters)) as response:
            body = await response.read()
            if response.status != 200:  # noqa: PLR2004 - HTTP's OK
                raise WrongAnswerError(f"{self.name}, {question.name}: {response.status} {body[:300]!r}")
            return body
