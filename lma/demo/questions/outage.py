"""A cluster goes away and comes back: the answers must say so, and be whole again afterwards.

These questions come last and in this order, because the first takes a real Thanos Query down.
"""

from __future__ import annotations

from lma.demo.questions.inquiry import Inquiry, Question, expect, table
from lma.demo.questions.metrics import RATES

AWAY = "frankfurt"


async def partial_with_warning(inquiry: Inquiry) -> str:
    """Stop one cluster's Thanos Query: sums go on, and name who is missing."""
    cluster = inquiry.cluster(AWAY)
    if cluster.query_is_running:
        await cluster.stop_query()
    answer = await inquiry.prometheus("query", query=RATES)
    rates = answer.by("cluster")
    expect(set(rates) == inquiry.names - {AWAY}, rates, f"every cluster but {AWAY}")
    expect(any(AWAY in warning for warning in answer.warnings), answer.warnings, f"a warning about {AWAY}")
    return f"{table(rates, '/s')}; warning: {answer.warnings[0]}"


async def strict_refuses(inquiry: Inquiry) -> str:
    """Ask strictly meanwhile: a gap is an error."""
    answer = await inquiry.prometheus("query", query=RATES, partial_response="false")
    said = str(answer.body.get("error", ""))
    expect(answer.status >= 400 and AWAY in said, answer, f"an error that names {AWAY}")  # noqa: PLR2004
    return f"HTTP {answer.status}: {said}"


async def whole_again(inquiry: Inquiry) -> str:
    """Start it again: the answer is whole, without a warning."""
    cluster = inquiry.cluster(AWAY)
    if not cluster.query_is_running:
        await cluster.start_query()
    answer = await inquiry.prometheus("query", query=RATES)
    rates = answer.by("cluster")
    expect(set(rates) == inquiry.names and not answer.warnings, answer.body, "every cluster, no warning")
    return table(rates, "/s")


QUESTIONS: tuple[Question, ...] = (partial_with_warning, strict_refuses, whole_again)
