"""Which questions the differential suite asks: every query of the corpora and the table, where and when.

``every_case`` is the whole matrix, run by ``python -m tests.real.conformance``; ``quick_cases`` is the part that every
change is tested with. Which of several times or topologies a query gets is decided by its number, so that both lists
are the same in every run and every combination occurs with many queries.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from tests.real.asking import AFTER, BETWEEN, EARLY, INSTANTS, LATE, RANGES, UNEVEN, WHOLE, When
from tests.real.corpus import read_corpus
from tests.real.fleet import SUITE, Topology
from tests.real.promql_table import Section, sections
from tests.real.suite import Case

CORPORA: Final = ("promql_corpus.txt",)
_ODD_TIMES: Final = (EARLY, BETWEEN, AFTER, WHOLE)
_TIMES: Final = (*RANGES, *INSTANTS)
_BY_NAME: Final = {topology.name: topology for topology in SUITE}
_COMMON: Final = _BY_NAME["3 bare"]
_OTHERS: Final = tuple(topology for topology in SUITE if topology is not _COMMON)
UNPUSHED_TOPOLOGIES: Final = tuple(_BY_NAME[name] for name in ("1 bare", "2 bare", "3 bare", "3 mixed", "5 bare"))


@dataclass(frozen=True, slots=True)
class Numbered:
    """A query and its number among all."""

    number: int
    query: str


def all_sections() -> tuple[Section, ...]:
    """Return everything that is asked, a query once: the corpora by their headings, then the table."""
    known: set[str] = set()
    found = []
    for section in (*(section for name in CORPORA for section in _headed(name)), *sections()):
        queries = tuple(query for query in section.queries if query not in known)
        known.update(queries)
        found.append(Section(section.name, queries))
    return tuple(found)


def numbered() -> dict[str, tuple[Numbered, ...]]:
    """Return the queries of each section with their numbers."""
    result, number = {}, 0
    for section in all_sections():
        result[section.name] = tuple(Numbered(number + index, query) for index, query in enumerate(section.queries))
        number += len(section.queries)
    return result


def quick_cases(queries: Sequence[Numbered]) -> Iterator[Case]:
    """Yield what is asked of each query on every change."""
    for one in queries:
        yield Case(one.query, _COMMON, LATE)
        yield Case(one.query, _COMMON, UNEVEN)
        yield Case(one.query, _COMMON, _TIMES[one.number % len(_TIMES)], is_pushed=False)
        yield Case(one.query, _OTHERS[one.number % len(_OTHERS)], _TIMES[one.number // 2 % len(_TIMES)])


def every_case(queries: Sequence[Numbered]) -> Iterator[Case]:
    """Yield the whole matrix; cases of one size of fleet stand together, for the oracle to be asked once."""
    for one in queries:
        odd = _ODD_TIMES[one.number % len(_ODD_TIMES)]
        for _, same_size in groupby(SUITE, key=lambda topology: len(topology.kinds)):
            for topology in same_size:
                yield from _of_topology(one, topology, odd)


def _of_topology(one: Numbered, topology: Topology, odd: When) -> Iterator[Case]:
    times = (LATE, UNEVEN, odd) if topology is _COMMON else (LATE, UNEVEN)
    yield from (Case(one.query, topology, when) for when in times)
    if topology in UNPUSHED_TOPOLOGIES:
        yield Case(one.query, topology, (UNEVEN, LATE)[one.number % 2], is_pushed=False)


def _headed(name: str) -> Iterator[Section]:
    """Yield the sections of a corpus file."""
    for heading, entries in groupby(read_corpus(name), key=lambda entry: entry.heading):
        yield Section(heading, tuple(entry.query for entry in entries))
