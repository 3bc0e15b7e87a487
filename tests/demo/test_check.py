"""Questions are asked again until the answer is right or patience ends, and what was seen last is shown."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from lma.demo import check
from lma.demo.check import ask
from lma.demo.questions import QUESTIONS, Inquiry, WrongAnswer
from lma.demo.questions.inquiry import Answer, expect, table, title
from lma.demo.service import Service


@pytest.fixture
async def inquiry(tmp_path: Path) -> AsyncIterator[Inquiry]:
    async with httpx.AsyncClient() as http:
        yield Inquiry(service=Service(folder=tmp_path, port=1), clusters=(), binaries={}, http=http)


async def test_right_answer_is_taken(inquiry: Inquiry) -> None:
    async def question(_inquiry: Inquiry) -> str:
        return "42"

    assert await ask(inquiry, question, 0) == (True, "42")


async def test_answer_may_come_right_later(inquiry: Inquiry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "AGAIN_AFTER_S", 0.0)
    answers = iter([0, 0, 42])

    async def question(_inquiry: Inquiry) -> str:
        seen = next(answers)
        expect(seen == 42, seen, "42")
        return str(seen)

    assert await ask(inquiry, question, 30) == (True, "42")


@pytest.mark.parametrize(
    ("error", "seen"),
    [
        (WrongAnswer("saw 1; wanted 2"), "saw 1; wanted 2"),
        (httpx.ConnectError("refused"), "no answer: ConnectError: refused"),
        (KeyError("result"), "an answer of another shape: KeyError: 'result'"),
    ],
)
async def test_patience_ends_with_what_was_seen(inquiry: Inquiry, error: Exception, seen: str) -> None:
    async def question(_inquiry: Inquiry) -> str:
        raise error

    assert await ask(inquiry, question, 0) == (False, seen)


async def test_service_that_is_away_is_a_wrong_answer_not_a_crash(inquiry: Inquiry) -> None:
    is_right, seen = await ask(inquiry, QUESTIONS[0], 0)
    assert not is_right
    assert seen.startswith("no answer: ConnectError")


def test_every_question_has_a_title() -> None:
    titles = [title(question) for question in QUESTIONS]
    assert all(titles)
    assert len(set(map(id, QUESTIONS))) == len(QUESTIONS)


def test_error_envelope_is_a_wrong_answer() -> None:
    with pytest.raises(WrongAnswer, match="HTTP 503"):
        _ = Answer(503, {"status": "error", "error": "no"}).data


def test_table_is_in_order() -> None:
    assert table({"seoul": 12.3456, "oregon": 1}, "/s") == "oregon 1/s, seoul 12.35/s"
