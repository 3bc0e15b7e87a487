"""The harness itself: the two servers that hold everything agree, so a divergence is not of our making."""

from __future__ import annotations

import pytest

from tests.real.asking import LATE, UNEVEN, When
from tests.real.comparison import differences, report
from tests.real.corpus import Entry, read_corpus
from tests.real.dataset_series import metric_names
from tests.real.oracle import THANOS_DIFFERS, THANOS_FALLS_SHORT, Oracle, choice_operand, is_unspoken

CORPUS = read_corpus("promql_corpus.txt")
KNOWN = (*THANOS_DIFFERS, *THANOS_FALLS_SHORT)


def test_the_corpus_is_as_large_as_promised_and_repeats_nothing() -> None:
    queries = [entry.query for entry in CORPUS]
    assert len(queries) >= 300
    assert len(set(queries)) == len(queries)


def test_the_corpus_asks_about_every_metric() -> None:
    text = "\n".join(entry.query for entry in CORPUS)
    assert [name for name in metric_names() if name not in text] == []


@pytest.mark.parametrize("when", [LATE, UNEVEN], ids=lambda when: when.name)
def test_prometheus_and_thanos_over_everything_agree(oracle: Oracle, when: When) -> None:
    texts = []
    for entry in CORPUS:
        if any(pattern.search(entry.query) for pattern, _ in KNOWN):
            continue
        left, right = oracle.prometheus.ask(entry.query, when), oracle.thanos.ask(entry.query, when)
        if (left.is_error and right.is_error) or is_unspoken(left, right):
            continue
        found = differences(entry.query, left, right, oracle.tie_candidates(entry.query, when))
        if found:
            texts.append(report(entry.query, when.name, found, left, right))
    assert not texts, "\n\n".join(texts)


@pytest.mark.parametrize(("pattern", "reason"), KNOWN, ids=lambda part: getattr(part, "pattern", ""))
def test_every_difference_of_thanos_is_still_there(oracle: Oracle, pattern: object, reason: str) -> None:
    matching = [entry for entry in CORPUS if getattr(pattern, "search")(entry.query)]  # noqa: B009
    assert any(_disagree(oracle, entry) for entry in matching), f"nothing shows any more that Thanos {reason}"


def _disagree(oracle: Oracle, entry: Entry) -> bool:
    return any(
        differences(entry.query, oracle.prometheus.ask(entry.query, when), oracle.thanos.ask(entry.query, when))
        for when in (LATE, UNEVEN)
    )


@pytest.mark.parametrize(
    ("query", "operand"),
    [
        ("topk(3, x)", "x"),
        ("bottomk by (a, b) (2, sum by (a) (x))", "sum by (a) (x)"),
        ("topk(scalar(sum(x)), y)", "y"),
        ("topk(3, sum by (b) (x)) by (a)", "sum by (b) (x)"),
        ("sum(topk(3, x))", ""),
        ("topk(3, x) > 2", ""),
    ],
)
def test_the_operand_of_a_topmost_topk_is_found(query: str, operand: str) -> None:
    assert choice_operand(query) == operand
