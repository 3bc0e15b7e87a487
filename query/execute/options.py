"""What a request chooses about how its query is answered."""

from __future__ import annotations

from dataclasses import dataclass

from query.model.certificate import Exactness


@dataclass(frozen=True, slots=True)
class QueryOptions:
    """What a request may choose. ``passed_on`` are parameters that go to every cluster unchanged.

    ``lookback_ms``: how far instant selectors look back, if the request says so; it is among ``passed_on``, too.
    ``pushes_down`` false: clusters only give samples. ``exactness``: the worst that is acceptable.
    ``stats``: what statistics are wanted, ``true`` or ``all``.
    ``max_…`` lower the budget of this query, 0 leaves it.
    """

    allow_partial: bool
    timeout_s: float
    limit: int = 0
    lookback_ms: int | None = None
    pushes_down: bool = True
    exactness: Exactness = Exactness.APPROXIMATE
    stats: str = ""
    max_series: int = 0
    max_samples: int = 0
    max_bytes: int = 0
    passed_on: tuple[tuple[str, str], ...] = ()

    @property
    def is_downsampled(self) -> bool:
        """True if clusters may answer from downsampled data."""
        return any(name == "max_source_resolution" and value not in {"", "0", "0s"} for name, value in self.passed_on)
