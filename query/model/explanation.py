"""What explaining a query gives: how it was planned, how exact that is, what clusters were sent, and what it took.

The same for every query language. ``query.model.explanation_text`` prints it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from query.model.certificate import PlanNode, SentQuery
from query.model.frames import Notes


@dataclass(frozen=True, slots=True)
class Measure:
    """What one request to a cluster took: bytes of its body as decoded, series in it. ``failure`` empty: it answered.

    A request that several leaves share was sent once and is measured for each. Negative: not known.
    """

    sent: SentQuery
    elapsed_s: float = -1.0
    bytes: int = -1
    series: int = -1
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a cluster that names replicas is asked: ``url`` is the replica's, empty for the complete view."""

    cluster: str
    url: str
    reason: str


@dataclass(frozen=True, slots=True)
class Round:
    """One time of planning and asking; ``redone`` says why it did not suffice, empty for the last."""

    root: PlanNode
    stages: tuple[tuple[str, str], ...]
    measures: tuple[Measure, ...] = ()
    redone: str = ""


@dataclass(frozen=True, slots=True)
class Explanation:
    """A query explained. ``rounds`` has at least one entry; the last made the answer, or would.

    ``lane``: how an answer passes through, ``splice`` (unread), ``raw`` (sample bytes untouched) or ``arrays`` (numbers
    decoded).
    ``timings_s``, ``result_type`` and ``series`` are there only if the query was run.
    """

    query: str
    language: str
    lane: str
    rounds: tuple[Round, ...]
    sources: tuple[Source, ...] = ()
    timings_s: Mapping[str, float] = field(default_factory=dict)
    result_type: str = ""
    series: int = -1
    missing: Mapping[str, str] = field(default_factory=dict)
    notes: Notes = field(default=Notes())

    @property
    def last(self) -> Round:
        """The round that made the answer."""
        return self.rounds[-1]

    @property
    def was_run(self) -> bool:
        """True if clusters were asked."""
        return bool(self.timings_s)
