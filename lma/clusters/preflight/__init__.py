"""Preflight: what stands in the way of a cluster, before it is registered and after.

``facts`` asks the cluster once, everything at the same time; each check in ``reachability``, ``rights``, ``contents``
and ``nodes`` is a pure function of those facts, so a test of a check needs no cluster. ``CHECKS`` is the list.
"""

from lma.clusters.preflight.check import Check, Outcome, Verdict
from lma.clusters.preflight.facts import Facts, gather
from lma.clusters.preflight.run import CHECKS, judge, run

__all__ = ["CHECKS", "Check", "Facts", "Outcome", "Verdict", "gather", "judge", "run"]
