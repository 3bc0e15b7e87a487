"""Date functions: a sample is a number of seconds since 1970 in UTC.

Follows ``dateWrapper`` of Prometheus' engine and Go's ``time``: the proleptic Gregorian calendar in 64-bit arithmetic.
What is no integer of 64 bits (NaN, infinities, the very large) becomes the smallest one, as on x86-64, and times before
Go's year zero wrap around; both give strange dates there and here. Days are turned into dates by the usual counting
from 1 March in eras of 400 years.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np

from query.model.frames import Bools, Floats, Frame
from query.promql.evaluate.rows import Ints, with_values

_DAY_S: Final = 86_400
_ERA_DAYS: Final = 146_097  # 400 years
_DAYS_FROM_MARCH_0_TO_1970: Final = 719_468
_THURSDAY: Final = 4  # 1970-01-01, Sunday being 0
_WRAP_DAYS, _WRAP_S = divmod(2**64, _DAY_S)
_FIRST_S: Final = -((292_277_022_400 // 400 * _ERA_DAYS + 306 - 719_162) * _DAY_S)
"""The first second Go's calendar reaches, in seconds since 1970; earlier ones wrap."""
_FEBRUARY: Final = 2
_MONTH_DAYS: Final = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
_DAYS_BEFORE_MONTH: Final = np.array([0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334])


@dataclass(frozen=True, slots=True)
class Dates:
    """Times split up; all ``int64`` of one shape. ``days`` counts from 1970-01-01."""

    days: Ints
    second: Ints
    year: Ints
    month: Ints
    day: Ints

    @classmethod
    def of(cls, seconds: Floats) -> Dates:
        """Split times given in seconds, fractions cut off."""
        fits = (seconds >= -(2.0**63)) & (seconds < 2.0**63)
        whole = np.where(fits, seconds, 0).astype(np.int64)
        whole = np.where(fits, whole, np.iinfo(np.int64).min)
        days, second = np.divmod(whole, _DAY_S)
        wraps = whole < _FIRST_S
        second = np.where(wraps, second + _WRAP_S, second)
        days = np.where(wraps, days + _WRAP_DAYS + second // _DAY_S, days)
        second %= _DAY_S
        era, day_of_era = np.divmod(days + _DAYS_FROM_MARCH_0_TO_1970, _ERA_DAYS)
        year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
        day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
        from_march = (5 * day_of_year + 2) // 153
        day = day_of_year - (153 * from_march + 2) // 5 + 1
        month = (from_march + 2) % 12 + 1
        year = year_of_era + era * 400 + (month <= _FEBRUARY)
        return cls(days, second, year, month, day)

    @property
    def is_leap(self) -> Bools:
        """True in leap years."""
        leap: Bools = (self.year % 4 == 0) & ((self.year % 100 != 0) | (self.year % 400 == 0))
        return leap


DATE_FUNCTIONS: Final[Mapping[str, Callable[[Dates], Ints]]] = MappingProxyType({
    "minute": lambda dates: dates.second // 60 % 60,
    "hour": lambda dates: dates.second // 3600,
    "day_of_week": lambda dates: (dates.days + _THURSDAY) % 7,
    "day_of_month": lambda dates: dates.day,
    "day_of_year": lambda dates: (
        _DAYS_BEFORE_MONTH[dates.month - 1] + dates.day + (dates.is_leap & (dates.month > _FEBRUARY))
    ),
    "days_in_month": lambda dates: _MONTH_DAYS[dates.month - 1] + (dates.is_leap & (dates.month == _FEBRUARY)),
    "month": lambda dates: dates.month,
    "year": lambda dates: dates.year,
})  # fmt: skip


def date_part(function: str, seconds: Floats) -> Floats:
    """Return the part of the dates that a date function (a key of ``DATE_FUNCTIONS``) names."""
    return DATE_FUNCTIONS[function](Dates.of(seconds)).astype(np.float64)


@np.errstate(all="ignore")
def map_dates(function: str, frame: Frame) -> Frame:
    """Apply a date function to every sample; the series lose their names."""
    return with_values(frame, date_part(function, np.where(frame.present, frame.values, 0)))
