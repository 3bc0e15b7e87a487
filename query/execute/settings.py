"""What running a query needs to know that does not change from query to query."""

from __future__ import annotations

from dataclasses import dataclass, field

from query.execute.budget import Budget
from query.model.certificate import Exactness
from query.syntax.limits import DEFAULT, Limits


@dataclass(frozen=True, slots=True)
class ExecuteSettings:
    """Bounds and defaults. Times in seconds, sizes in bytes."""

    partition_label: str = "cluster"
    allow_partial: bool = True
    pushes_down: bool = True
    exactness: Exactness = Exactness.APPROXIMATE
    query_timeout_s: float = 120.0
    cluster_timeout_s: float = 30.0
    response_bytes: int = 256 << 20
    budget: Budget = field(default_factory=lambda: Budget(series=500_000, samples=50_000_000, bytes=1 << 30))
    points_per_series: int = 11_000
    subquery_points: int = 1_000_000
    evaluation_cells: int = 20_000_000
    log_lines: int = 5_000
    sample_lines: int = 200_000
    syntax: Limits = field(default=DEFAULT)
