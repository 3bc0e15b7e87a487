"""The places that notes give are those one server gives, or there are none."""

from __future__ import annotations

import re

import httpx

from tests.real.asking import LATE, Asker
from tests.real.corpus import read_corpus
from tests.real.gateway import Gateway
from tests.real.oracle import Oracle

CORPUS = read_corpus("promql_corpus.txt")
PLACE = re.compile(r" \(\d+:\d+\)\Z")
PLACED_AT_LEAST = 5
"""Of the notes one server gives; what is computed at the gateway has no place."""


def test_no_place_is_wrong_and_some_are_there(bare_gateway: Gateway, oracle: Oracle, http: httpx.Client) -> None:
    gateway = Asker(bare_gateway.prometheus_url, http)
    wrong, there = [], 0
    for entry in CORPUS:
        expected = oracle.prometheus.ask(entry.query, LATE)
        notes = {*expected.warnings, *expected.infos}
        if not notes:
            continue
        got = gateway.ask(entry.query, LATE)
        told = {note for note in (*got.warnings, *got.infos) if PLACE.search(note)}
        wrong += [f"{entry.query}: {note}, expected one of {sorted(notes)}" for note in told - notes]
        there += len(told)
    assert not wrong, "\n".join(wrong)
    assert there >= PLACED_AT_LEAST
