"""Elementary functions to the bit as the Go program that Prometheus is computes them on amd64, on arrays.

Go's library brings its own ``exp``, ``log``, ``sin`` and so on, which differ from the C library's in the last digit of
many results. A sample that is computed here would then differ from one that a cluster computes, and a difference of
the two would not be zero. So the same operations are done in the same order here. Source: package math of Go 1.26.

``exp`` is written with fused multiply-add there, where the processor has it; every amd64 server built in the last ten
years does. Go on arm64 fuses everywhere else, too: clusters on such machines may differ in the last digit.

Every function takes and gives ``float64`` arrays of any shape; callers silence numpy's warnings. What is NaN or
infinite comes out as Go has it. Example: ``log(np.array([0.0, 1.0, -1.0]))`` is ``[-inf, 0, nan]``.
"""

from query.promql.evaluate.go_math.arcs import acos, asin, atan, atan2
from query.promql.evaluate.go_math.exponentials import cosh, exp, sinh, tanh
from query.promql.evaluate.go_math.logarithms import acosh, asinh, atanh, log, log2, log10
from query.promql.evaluate.go_math.powers import power
from query.promql.evaluate.go_math.trigonometry import cos, sin, tan

__all__ = [
    "acos",
    "acosh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "cos",
    "cosh",
    "exp",
    "log",
    "log2",
    "log10",
    "power",
    "sin",
    "sinh",
    "tan",
    "tanh",
]
