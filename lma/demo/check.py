"""Ask the fixed list of questions and print what was seen; the answer to "does it work here?".

The demo has only just come up when this runs: the first scrapes, alerts and log batches are seconds away.
So each question is asked again until its answer is right or its time is up, and only then counts as
failed, with the last answer shown. All questions together have a limit too: where nothing works, that is
known after minutes, not an hour.
"""

from __future__ import annotations

import asyncio
import time

import httpx
from rich.console import Console
from rich.text import Text

from lma.demo.playground import Playground
from lma.demo.questions import QUESTIONS, Inquiry, Question, WrongAnswer
from lma.demo.questions.inquiry import title

PATIENCE_S = 45.0
PATIENCE_IN_ALL_S = 100.0
AGAIN_AFTER_S = 0.5


async def check(playground: Playground, console: Console, questions: tuple[Question, ...] = QUESTIONS) -> bool:
    """Ask every question; print a line each; tell whether all answers were right."""
    failed, patience_left_s = 0, PATIENCE_IN_ALL_S
    async with httpx.AsyncClient(timeout=30.0, trust_env=False) as http:
        inquiry = Inquiry(
            service=playground.service, clusters=playground.clusters, binaries=playground.binaries, http=http
        )
        for question in questions:
            began = time.monotonic()
            is_right, seen = await ask(inquiry, question, min(PATIENCE_S, patience_left_s))
            elapsed_s = time.monotonic() - began
            patience_left_s = max(0.0, patience_left_s - elapsed_s)
            failed += not is_right
            _show(console, question, seen, is_right=is_right, elapsed_s=elapsed_s)
    right = len(questions) - failed
    console.print(f"\n{right} of {len(questions)} questions answered rightly", style="red" if failed else "green")
    return failed == 0


async def ask(inquiry: Inquiry, question: Question, patience_s: float = PATIENCE_S) -> tuple[bool, str]:
    """Ask until the answer is right or the patience is used up; return whether it was, and what was seen last."""
    deadline = time.monotonic() + patience_s
    while True:
        try:
            return True, await question(inquiry)
        except WrongAnswer as wrong:
            seen = str(wrong)
        except httpx.HTTPError as error:
            seen = f"no answer: {type(error).__name__}: {error}"
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            seen = f"an answer of another shape: {type(error).__name__}: {error}"
        if time.monotonic() > deadline:
            return False, seen
        await asyncio.sleep(AGAIN_AFTER_S)


def _show(console: Console, question: Question, seen: str, *, is_right: bool, elapsed_s: float) -> None:
    mark, style = ("ok", "green") if is_right else ("WRONG", "bold red")
    console.print(
        Text.assemble((f"{mark:<5}", style), f" {title(question)}", (f"  ({elapsed_s:.1f} s)", "dim")),
        soft_wrap=True,
    )
    for line in seen.splitlines() or [""]:
        console.print(Text(f"        {line}", style="" if is_right else "red"), soft_wrap=True)
