"""Completeness as the gateway tells it: the ``X-LMA-*`` headers of every federated answer.

``X-LMA-Complete: true|false``, ``X-LMA-Clusters-Asked: seoul,tokyo``, ``X-LMA-Clusters-Missing: tokyo=timeout``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from lma.client.samples import Completeness

COMPLETE: Final = "x-lma-complete"
ASKED: Final = "x-lma-clusters-asked"
MISSING: Final = "x-lma-clusters-missing"


def completeness_of(headers: Mapping[str, str]) -> Completeness:
    """Read the headers; a cluster named missing makes the answer incomplete whatever else is said."""
    asked = tuple(name.strip() for name in headers.get(ASKED, "").split(",") if name.strip())
    missing = missing_of(headers)
    told = headers.get(COMPLETE, "true").strip().lower()
    return Completeness(is_complete=told == "true" and not missing, asked=asked, missing=missing)


def missing_of(headers: Mapping[str, str]) -> dict[str, str]:
    """Return cluster → reason; a piece without ``=`` goes on the reason before it, which had a comma in it."""
    missing: dict[str, str] = {}
    last = ""
    for piece in headers.get(MISSING, "").split(","):
        cluster, equals, reason = piece.strip().partition("=")
        if equals:
            last = cluster.strip()
            missing[last] = reason.strip()
        elif last and cluster:
            missing[last] += f", {cluster}"
        elif cluster:
            missing[cluster] = "no answer"
    return missing
