"""What the right answer is: that of one server holding all the data.

Over bare Prometheus servers that server is a Prometheus. Over Thanos Query it is, nearly always, the same; where
Thanos itself answers differently from a Prometheus with the same data, no gateway could know better, and the answer
of one Thanos Query over all the clusters is as right. ``THANOS_DIFFERS`` lists those places with their reasons and
nothing else is forgiven; ``test_oracles.py`` holds the two oracles to it and to ``THANOS_FALLS_SHORT``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.real.answers import Answer
from tests.real.asking import Asker, When

THANOS_DIFFERS: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(r"\b(rate|increase|irate|resets)\s*\("),
        "flattens counters before functions see them (thanos#3644): resets are gone, rates after one differ",
    ),
    (re.compile(r"\b(deg|rad)\s*\("), "rounds 180/pi in another way than Prometheus 3.16"),
)
"""Where a gateway over Thanos Query may give Thanos's answer instead."""

THANOS_FALLS_SHORT: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(r"\bsort(_by_label)?(_desc)?\s*\("),
        "does not warn that a range result is always sorted by labels",
    ),
    (
        re.compile(r"""\{\s*(cluster|region|provider)\s*(=|=~)\s*['"][^'"]*['"]\s*,?\s*\}"""),
        "finds nothing by external labels alone: its sidecar refuses a selector without any other matcher",
    ),
    (
        re.compile(r"\blimit_ratio\b"),
        "is built with another representation of label sets (slicelabels), whose hashes choose other series",
    ),
    (
        re.compile(r"\bquantile\b.*\bextremes\b"),
        "has an older engine, which weighs an infinite neighbour with 0 and gets NaN",
    ),
    (
        re.compile(r"\binfo\s*\(.*(\boffset\b|@)"),
        "has an older engine, which reads info series at the time of the query, not of the selector",
    ),
    (re.compile(r"\bpredict_linear\s*\(.*@"), "has an older engine, which crashes over a subquery fixed by @"),
)
"""Where Thanos differs, too, but a gateway can do better, and is held to it."""


@dataclass(frozen=True, slots=True)
class Oracle:
    """Both servers that hold everything."""

    prometheus: Asker
    thanos: Asker

    def tie_candidates(self, query: str, when: When) -> Answer | None:
        """Return the answer to what a topmost ``topk`` and its like choose from; ``None`` for other queries."""
        chosen_from = choice_operand(query)
        return self.prometheus.ask(chosen_from, when) if chosen_from else None


def thanos_may_differ(query: str) -> bool:
    """Tell whether the query contains what Thanos is known to answer differently."""
    return any(pattern.search(query) for pattern, _ in THANOS_DIFFERS)


def is_unspoken(expected: Answer, thanos: Answer) -> bool:
    """Tell whether Thanos's parser is too old for a query that Prometheus, which answered ``expected``, can read."""
    return thanos.error_type == "bad_data" and expected.error_type != "bad_data"


_CHOICE = re.compile(r"\s*(?:topk|bottomk|limitk)\b(?:\s*(?:by|without)\s*\([^)]*\))?\s*\(\s*[^,()]+(?:\(.*?\)\))?\s*,")


_CLAUSE_BEHIND = re.compile(r"\)\s*(?:by|without)\s*\([^()]*\)\s*\Z")


def choice_operand(query: str) -> str:
    """Return the vector that a topmost ``topk``, ``bottomk`` or ``limitk`` chooses from, or an empty string.

    Example: ``topk by (x) (2, sum by (x, y) (z))`` gives ``sum by (x, y) (z)``. The clause may stand behind, too.
    """
    query = _CLAUSE_BEHIND.sub(")", query)
    found = _CHOICE.match(query)
    if found is None or not query.rstrip().endswith(")"):
        return ""
    return query.rstrip()[found.end() : -1].strip()
