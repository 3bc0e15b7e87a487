"""A short run of what ``python -m tests.fuzz`` does for as long as one likes."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from itertools import islice

import pytest

from tests.fuzz.corpus import CRASHERS, seeds
from tests.fuzz.mutations import Mutator
from tests.fuzz.parsers import LANGUAGES, Finding, Language, examine

SEED = 20_250_615
TEXTS = 4_000


@pytest.fixture(autouse=True)
def others_heap_is_frozen() -> Iterator[None]:
    """Keep what earlier tests left out of the garbage collections that a parse sets off: they would take its time."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


each_language = pytest.mark.parametrize("language", LANGUAGES, ids=lambda language: language.name)


@each_language
@pytest.mark.parametrize("name", CRASHERS)
def test_texts_made_to_break_parsers_are_refused_in_time_or_read(language: Language, name: str) -> None:
    found = examine(language, CRASHERS[name])
    assert not isinstance(found, Finding), str(found)


@each_language
def test_mutated_queries_are_refused_in_time_or_read(language: Language) -> None:
    outcomes = [examine(language, text) for text in islice(Mutator(seeds(language), SEED), TEXTS)]
    findings = [str(found) for found in outcomes if isinstance(found, Finding)]
    assert not findings, "\n".join(findings)
    accepted = sum(found is True for found in outcomes)
    assert TEXTS / 50 < accepted < TEXTS, "mutations that are all wrong or all right find nothing"


@each_language
def test_the_seeds_are_right(language: Language) -> None:
    refused = [text for text in seeds(language) if isinstance(examine(language, text), Finding)]
    assert refused == []
