"""Times of request parameters as Prometheus reads them: decimal seconds or RFC 3339, to the nanosecond.

Source: parseTime in web/api/v1/api.go and Go's time package, whose oddities are part of what clients see: one-digit
hours, a comma before the fraction, offsets up to 24:60, and a time beyond the range of 64-bit nanoseconds (the years
1678 to 2262) wraps around when a query is evaluated at it, while the metadata endpoints count milliseconds and reach
further.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import date
from typing import Final

from query.api.go_values import MIN_INT64, go_float
from query.model.time import MS_PER_S, NS_PER_MS, NS_PER_S
from query.syntax.numbers import round_half_away

_RFC3339: Final = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})T(?P<hour>\d{1,2}):(?P<minute>\d{2}):(?P<second>\d{2})"
    r"(?:[.,](?P<fraction>\d+))?(?:Z|(?P<sign>[+-])(?P<zone_hour>\d{2}):(?P<zone_minute>\d{2}))\Z",
    re.ASCII,
)
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()
_ERA_YEARS: Final = 400
_ERA_DAYS: Final = 146_097
_LAST_HOUR, _LAST_MINUTE = 23, 59
_LAST_ZONE_HOUR, _LAST_ZONE_MINUTE = 24, 60
_SPAN: Final = 1 << 64


@dataclass(frozen=True, slots=True, order=True)
class GoTime:
    """Seconds since the epoch (any 64-bit integer) and nanoseconds from 0 up to a second."""

    seconds: int
    nanos: int = 0

    @property
    def ns(self) -> int:
        """Nanoseconds since the epoch, without bounds."""
        return self.seconds * NS_PER_S + self.nanos

    @property
    def query_ms(self) -> int:
        """The milliseconds a query is evaluated at: of 64-bit nanoseconds, wrapped around, cut towards zero."""
        wrapped = _wrap(self.ns)
        return -(-wrapped // NS_PER_MS) if wrapped < 0 else wrapped // NS_PER_MS

    @property
    def stamp_ms(self) -> int:
        """The milliseconds that the bounds of metadata endpoints mean."""
        return _wrap(self.seconds * MS_PER_S + self.nanos // NS_PER_MS)


MIN_TIME: Final = GoTime(-(MIN_INT64 // -1000) + 62135596801)
MAX_TIME: Final = GoTime(-(MIN_INT64 // 1000) - 1 - 62135596801, 999_999_999)
_BOUNDS: Final = {"-292273086-05-16T16:47:06Z": MIN_TIME, "292277025-08-18T07:12:54.999999999Z": MAX_TIME}


def go_time(text: str) -> GoTime | None:
    """Return the time, None if the text is none."""
    seconds = go_float(text)
    if seconds is not None:
        return _of_seconds(seconds)
    found = _RFC3339.match(text)
    return _of_calendar(found) if found is not None else _BOUNDS.get(text)


def _of_seconds(seconds: float) -> GoTime:
    if not math.isfinite(seconds):
        return _normal(MIN_INT64, MIN_INT64)
    fraction, whole = math.modf(seconds)
    nanos = round_half_away(fraction * MS_PER_S) / MS_PER_S * NS_PER_S
    return _normal(int(whole) if abs(whole) < -MIN_INT64 else MIN_INT64, int(nanos))


def _normal(seconds: int, nanos: int) -> GoTime:
    carried, nanos = divmod(nanos, NS_PER_S)
    return GoTime(_wrap(seconds + carried), nanos)


def _of_calendar(found: re.Match[str]) -> GoTime | None:
    year, month, day, hour, minute, second = (
        int(found[name]) for name in ("year", "month", "day", "hour", "minute", "second")
    )
    zone_hour, zone_minute = int(found["zone_hour"] or 0), int(found["zone_minute"] or 0)
    if max(minute, second) > _LAST_MINUTE or hour > _LAST_HOUR:
        return None
    if zone_hour > _LAST_ZONE_HOUR or zone_minute > _LAST_ZONE_MINUTE:
        return None
    days = _days(year, month, day)
    if days is None:
        return None
    offset_s = (zone_hour * 60 + zone_minute) * 60 * (-1 if found["sign"] == "-" else 1)
    seconds = ((days * 24 + hour) * 60 + minute) * 60 + second - offset_s
    return GoTime(seconds, int((found["fraction"] or "0")[:9].ljust(9, "0")))


def _days(year: int, month: int, day: int) -> int | None:
    """Return the days since the epoch, None for no such date; the calendar repeats itself every 400 years."""
    era = 1 if year < _ERA_YEARS else 0
    try:
        return date(year + era * _ERA_YEARS, month, day).toordinal() - era * _ERA_DAYS - _EPOCH_DAY
    except ValueError:
        return None


def _wrap(value: int) -> int:
    """Return the value as 64-bit arithmetic leaves it."""
    return (value - MIN_INT64) % _SPAN + MIN_INT64
