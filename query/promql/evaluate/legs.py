"""The legs of a request that asked for several aggregates at once, put side by side.

See ``query.promql.plan.legs`` for how they are asked for. A cluster's legs have the same groups at the same steps,
unless floats and native histograms met in a group: then some aggregates leave it out and others do not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from query.model.frames import Bools, Floats, Frame
from query.model.labels import Labels, drop
from query.promql.plan.legs import LEG_LABEL
from query.promql.plan.partials import InsufficientPartialsError, Partials

MIXED = "floats and native histograms meet in a group"


@dataclass(frozen=True, slots=True)
class Legs:
    """Aggregates of the same groups: each of ``values`` is ``float64[groups, steps]``, meant where ``present``.

    ``labels`` may repeat: groups of several clusters, about to be merged.
    """

    labels: tuple[Labels, ...]
    values: tuple[Floats, ...]
    present: Bools


def align_legs(parts: Sequence[Frame], names: Sequence[str], steps: int) -> Legs:
    """Return the legs of all clusters' answers, in the order of ``names``.

    ``InsufficientPartialsError`` if an answer holds native histograms, or its legs are not of the same groups.
    """
    aligned = [_align(part, names) for part in parts if part.series]
    if not aligned:
        return Legs((), tuple(np.empty((0, steps)) for _ in names), np.empty((0, steps), np.bool_))
    return Legs(
        tuple(labels for legs in aligned for labels in legs.labels),
        tuple(np.concatenate([legs.values[leg] for legs in aligned]) for leg in range(len(names))),
        np.concatenate([legs.present for legs in aligned]),
    )


def _align(part: Frame, names: Sequence[str]) -> Legs:
    if part.histograms is not None:
        raise InsufficientPartialsError(MIXED, Partials.NONE)
    rows: dict[str, dict[Labels, int]] = {name: {} for name in names}
    for row, labels in enumerate(part.labels):
        leg = dict(labels).get(LEG_LABEL, "")
        if leg in rows:
            rows[leg][drop(labels, (LEG_LABEL,))] = row
    groups = tuple(rows[names[0]])
    if any(rows[name].keys() != rows[names[0]].keys() for name in names):
        raise InsufficientPartialsError(MIXED, Partials.NONE)
    order = [[rows[name][labels] for labels in groups] for name in names]
    present = part.present[order[0]]
    if any((part.present[rows_of_leg] != present).any() for rows_of_leg in order[1:]):
        raise InsufficientPartialsError(MIXED, Partials.NONE)
    return Legs(groups, tuple(part.values[rows_of_leg] for rows_of_leg in order), present)
