"""The functions of PromQL and their signatures; source: promql/parser/functions.go of Prometheus 3.16.

Experimental functions are all accepted: whether a cluster has them enabled is the cluster's to say.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from query.promql.syntax.nodes import ValueType

_SCALAR: Final = ValueType.SCALAR
_STRING: Final = ValueType.STRING
_VECTOR: Final = ValueType.VECTOR
_MATRIX: Final = ValueType.MATRIX


@dataclass(frozen=True, slots=True)
class Function:
    """A signature.

    ``variadic`` counts how often the last of ``args`` may be repeated beyond being optional: 0 not variadic, *n* > 0
    between ``len(args) - 1`` and ``len(args) - 1 + n`` arguments, -1 any number from ``len(args) - 1`` on.
    """

    name: str
    args: tuple[ValueType, ...]
    returns: ValueType = _VECTOR
    variadic: int = 0
    is_experimental: bool = False

    @property
    def fewest(self) -> int:
        """The least number of arguments."""
        return len(self.args) - 1 if self.variadic else len(self.args)

    @property
    def most(self) -> int | None:
        """The greatest number of arguments; ``None`` if there is no such."""
        if self.variadic < 0:
            return None
        return self.fewest + self.variadic

    def arg_type(self, index: int) -> ValueType:
        """Return the type wanted of argument ``index``, which a variadic function may repeat."""
        return self.args[min(index, len(self.args) - 1)]


def _of_vector(names: str) -> tuple[Function, ...]:
    return tuple(Function(name, (_VECTOR,)) for name in names.split())


def _of_range(names: str, *, is_experimental: bool = False) -> tuple[Function, ...]:
    return tuple(Function(name, (_MATRIX,), is_experimental=is_experimental) for name in names.split())


def _of_dates(names: str) -> tuple[Function, ...]:
    return tuple(Function(name, (_VECTOR,), variadic=1) for name in names.split())


_ALL: Final = (
    *_of_vector("""
        abs absent acos acosh asin asinh atan atanh ceil cos cosh deg exp floor histogram_avg histogram_count
        histogram_stddev histogram_stdvar histogram_sum ln log10 log2 rad sgn sin sinh sort sort_desc sqrt tan tanh
        timestamp
    """),
    *_of_range("""
        absent_over_time avg_over_time changes count_over_time delta deriv first_over_time idelta increase irate
        last_over_time max_over_time min_over_time present_over_time rate resets stddev_over_time stdvar_over_time
        sum_over_time
    """),
    *_of_range(
        "mad_over_time ts_of_first_over_time ts_of_last_over_time ts_of_max_over_time ts_of_min_over_time",
        is_experimental=True,
    ),
    *_of_dates("day_of_month day_of_week day_of_year days_in_month hour minute month year"),
    Function("clamp", (_VECTOR, _SCALAR, _SCALAR)),
    Function("clamp_max", (_VECTOR, _SCALAR)),
    Function("clamp_min", (_VECTOR, _SCALAR)),
    Function("double_exponential_smoothing", (_MATRIX, _SCALAR, _SCALAR), is_experimental=True),
    Function("end", (), _SCALAR, is_experimental=True),
    Function("histogram_fraction", (_SCALAR, _SCALAR, _VECTOR)),
    Function("histogram_quantile", (_SCALAR, _VECTOR)),
    Function("histogram_quantiles", (_VECTOR, _STRING, _SCALAR, _SCALAR), variadic=9, is_experimental=True),
    Function("info", (_VECTOR, _VECTOR), variadic=1, is_experimental=True),
    Function("integral", (_MATRIX, _SCALAR), variadic=1, is_experimental=True),
    Function("label_join", (_VECTOR, _STRING, _STRING, _STRING), variadic=-1),
    Function("label_replace", (_VECTOR, _STRING, _STRING, _STRING, _STRING)),
    Function("max_of", (_SCALAR, _SCALAR), _SCALAR, is_experimental=True),
    Function("min_of", (_SCALAR, _SCALAR), _SCALAR, is_experimental=True),
    Function("pi", (), _SCALAR),
    Function("predict_linear", (_MATRIX, _SCALAR)),
    Function("quantile_over_time", (_SCALAR, _MATRIX)),
    Function("range", (), _SCALAR, is_experimental=True),
    Function("round", (_VECTOR, _SCALAR), variadic=1),
    Function("scalar", (_VECTOR,), _SCALAR),
    Function("sort_by_label", (_VECTOR, _STRING), variadic=-1, is_experimental=True),
    Function("sort_by_label_desc", (_VECTOR, _STRING), variadic=-1, is_experimental=True),
    Function("start", (), _SCALAR, is_experimental=True),
    Function("start_timestamp", (_VECTOR,), is_experimental=True),
    Function("step", (), _SCALAR, is_experimental=True),
    Function("time", (), _SCALAR),
    Function("vector", (_SCALAR,)),
)

FUNCTIONS: Final = MappingProxyType({function.name: function for function in _ALL})
"""Every function by its name; names are case-sensitive."""
