"""Times as people and programs give them, as integer nanoseconds since the epoch.

Accepted: ``datetime`` (and so ``pandas.Timestamp``), seconds as int or float, and text: seconds (``1700000000.5``),
RFC 3339 (``2026-01-02T15:04:05Z``, also a date alone), ``now``, and relative to now: ``-1h``, ``now-1h30m``, ``+5m``.
What names no zone is read as UTC, because everything is shown in UTC too.

Nanoseconds, because Loki counts them and a float can't hold them; Prometheus gets decimal seconds made from the
same integer, cut to the milliseconds it works in.

Example::

    >>> to_ns("now-1h", now_ns=7_200_000_000_000)
    3600000000000
"""

from __future__ import annotations

import math
import re
import time
from datetime import UTC, datetime
from typing import Final, TypeAlias

from lma.client.errors import InvalidRequestError

Time: TypeAlias = datetime | float | str
Duration: TypeAlias = float | str

NS_PER_S: Final = 1_000_000_000
NS_PER_MS: Final = 1_000_000
MAX_NS: Final = 2**63 - 1
MAX_TEXT: Final = 64

_UNIT_NS: Final = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "ms": NS_PER_MS,
    "s": NS_PER_S,
    "m": 60 * NS_PER_S,
    "h": 3_600 * NS_PER_S,
    "d": 86_400 * NS_PER_S,
    "w": 7 * 86_400 * NS_PER_S,
    "y": 365 * 86_400 * NS_PER_S,
}
_TERM: Final = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h|d|w|y)", re.ASCII)
_DURATION: Final = re.compile(rf"(?:{_TERM.pattern})+\Z", re.ASCII)
_NUMBER: Final = re.compile(r"-?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?\Z", re.ASCII)
_FRACTION: Final = re.compile(r"(\.\d{1,9})\d*")

_FORMS = "use RFC 3339 (2026-01-02T15:04:05Z), seconds since the epoch, now, or an offset such as -1h30m"


def now_ns() -> int:
    """Return the current time."""
    return time.time_ns()


def to_ns(value: Time, *, now_ns: int | None = None) -> int:
    """Return ``value`` as nanoseconds since the epoch; raises InvalidRequestError naming the forms there are."""
    if isinstance(value, str):
        result = _from_text(value.strip(), time.time_ns() if now_ns is None else now_ns)
    elif isinstance(value, datetime):
        result = _from_datetime(value)
    else:
        result = _from_seconds(value)
    if not -MAX_NS <= result <= MAX_NS:
        raise InvalidRequestError(f"time {value!r} is outside the years 1678 to 2262", remedy=_FORMS)
    return result


def duration_ns(value: Duration) -> int:
    """Return a length of time (seconds, or text such as ``1h30m``) in nanoseconds; at least 1."""
    if not isinstance(value, str):
        result = _from_seconds(value)
    elif len(value) > MAX_TEXT:
        raise InvalidRequestError(f"a duration of {len(value)} characters", remedy="use 30s, 5m, 1h30m")
    elif _DURATION.match(text := value.strip()):
        result = _sum_terms(text)
    elif _NUMBER.match(text):
        result = _from_seconds(float(text))
    else:
        raise InvalidRequestError(f"{value!r} is not a duration", remedy="use 30s, 5m, 1h30m, 2d, or seconds")
    if not 0 < result <= MAX_NS:
        raise InvalidRequestError(f"duration {value!r} must be longer than nothing", remedy="use 30s, 5m, 1h30m")
    return result


def seconds_text(time_ns: int) -> str:
    """Return nanoseconds as the decimal seconds the Prometheus API takes, cut to milliseconds."""
    ms = time_ns // NS_PER_MS
    sign = "-" if ms < 0 else ""
    whole, rest = divmod(abs(ms), 1_000)
    return f"{sign}{whole}.{rest:03d}" if rest else f"{sign}{whole}"


def to_datetime(time_ns: int) -> datetime:
    """Return nanoseconds as an aware UTC datetime (which holds microseconds)."""
    seconds, rest = divmod(time_ns, NS_PER_S)
    return datetime.fromtimestamp(seconds, tz=UTC).replace(microsecond=rest // 1_000)


def _from_text(text: str, now: int) -> int:
    if len(text) > MAX_TEXT:
        raise InvalidRequestError(f"a time of {len(text)} characters is not a time", remedy=_FORMS)
    lowered = text.lower()
    offset = lowered.removeprefix("now").strip() if lowered.startswith("now") else lowered
    if lowered.startswith("now") and not offset:
        return now
    if offset[:1] in {"-", "+"} and _DURATION.match(offset[1:].strip()):
        terms = _sum_terms(offset[1:].strip())
        return now - terms if offset[0] == "-" else now + terms
    if _NUMBER.match(text):
        whole, _, fraction = text.removeprefix("-").partition(".")
        if whole.isdecimal() and (not fraction or fraction.isdecimal()):
            exact = int(whole) * NS_PER_S + int(fraction[:9].ljust(9, "0"))
            return -exact if text[0] == "-" else exact
        return _from_seconds(float(text))
    return _from_rfc3339(text)


def _from_rfc3339(text: str) -> int:
    fraction_ns = 0
    cut = text
    if found := _FRACTION.search(text):
        fraction_ns = int(found[1][1:].ljust(9, "0"))
        cut = text[: found.start()] + text[found.end() :]
    try:
        moment = datetime.fromisoformat(cut)
    except ValueError:
        raise InvalidRequestError(f"{text!r} is not a time", remedy=_FORMS) from None
    return _from_datetime(moment) + fraction_ns


def _from_datetime(moment: datetime) -> int:
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    delta = aware - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * NS_PER_S + delta.microseconds * 1_000


def _from_seconds(value: float) -> int:
    if isinstance(value, int):
        return int(value) * NS_PER_S
    if not math.isfinite(value):
        raise InvalidRequestError(f"{value!r} is not a time", remedy=_FORMS)
    whole = math.floor(value)
    return whole * NS_PER_S + round((value - whole) * 1e9)


def _sum_terms(text: str) -> int:
    total = 0
    for number, unit in _TERM.findall(text):
        whole, _, fraction = number.partition(".")
        total += int(whole) * _UNIT_NS[unit]
        if fraction:
            total += round(float(f"0.{fraction}") * _UNIT_NS[unit])
    return total
