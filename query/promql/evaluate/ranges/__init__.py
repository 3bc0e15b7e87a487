"""Functions over range vectors, on raw samples: windows found for all series and steps at once, a kernel family a file.

``evaluate_range`` is the way in; the kernels take ``Windows`` and know neither labels nor syntax.
"""

from query.promql.evaluate.ranges.call import evaluate_range, some_window
from query.promql.evaluate.ranges.kernels import RANGE_FUNCTIONS

__all__ = ["RANGE_FUNCTIONS", "evaluate_range", "some_window"]
