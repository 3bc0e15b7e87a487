"""The fixed list that ``lma demo --check`` asks: through the public API, through promtool, and through logcli.

A question is an async function that asks and returns what it saw, as text; an answer that is not right
raises ``WrongAnswer``. Its docstring's first line is its title. What is expected follows from the
clusters' shapes, or from asking the clusters' own Thanos Query at the same instant, never from numbers
written down here.
"""

from __future__ import annotations

from lma.demo.questions import clients, logs, metrics, outage
from lma.demo.questions.inquiry import Inquiry, Question, WrongAnswer

QUESTIONS: tuple[Question, ...] = (
    *metrics.QUESTIONS,
    *logs.QUESTIONS,
    *clients.QUESTIONS,
    *outage.QUESTIONS,
)

__all__ = ["QUESTIONS", "Inquiry", "Question", "WrongAnswer"]
