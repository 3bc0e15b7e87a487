"""Request parameters as Loki reads them: times, steps, limits, direction, with its defaults and its wording."""

from __future__ import annotations

import math
import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from query.api.go_values import go_float
from query.api.params import Params, parse_flag
from query.api.prometheus_options import parse_exactness
from query.execute.logs_fetch import LogsOptions, LogsRange
from query.execute.settings import ExecuteSettings
from query.logql.merge import Direction
from query.model.errors import BadQueryError, BadRequestError
from query.model.time import MS_PER_S, NS_PER_MS, NS_PER_S
from query.syntax.durations import parse_duration
from query.syntax.strings import quote
from query.wire.loki import CATEGORIZE

DEFAULT_LIMIT: Final = 100
DEFAULT_SINCE_NS: Final = 3600 * NS_PER_S
DEFAULT_STEPS: Final = 250
SECONDS_DIGITS: Final = 10
"""An integer of up to so many digits counts seconds, a longer one nanoseconds."""

MOST_TAG_CHARACTERS: Final = 1024
_NO_TAG: Final = re.compile(r"[^a-zA-Z0-9_=,.\- ]")
MAX_NS: Final = 2**63 - 1
_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,19}\Z", re.ASCII)
_RFC3339: Final = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?([Zz]|[+-]\d{2}:\d{2})\Z", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Bounds:
    """Start and end in nanoseconds."""

    start_ns: int
    end_ns: int

    def params(self) -> tuple[tuple[str, str], ...]:
        """Return them as parameters for a cluster."""
        return (("start", str(self.start_ns)), ("end", str(self.end_ns)))


def parse_bounds(params: Params) -> Bounds:
    """Return the bounds of a request: ``start``, ``end``, ``since``; an hour back from now by default."""
    now_ns = time.time_ns()
    since = params.get("since")
    since_ns = DEFAULT_SINCE_NS
    if since:
        try:
            since_ns = parse_duration(since) * NS_PER_MS
        except BadQueryError as error:
            raise BadRequestError("since", str(error)) from error
    end_ns = parse_timestamp("end", params.get("end"), now_ns)
    start_ns = parse_timestamp("start", params.get("start"), min(end_ns, now_ns) - since_ns)
    if end_ns < start_ns:
        raise BadRequestError("end", "end timestamp must not be before or equal to start time")
    return Bounds(start_ns, end_ns)


def parse_timestamp(name: str, text: str, default_ns: int) -> int:
    """Return nanoseconds: decimal seconds with a point, integer seconds or nanoseconds, or RFC 3339."""
    if not text:
        return default_ns
    if "." in text:
        seconds = go_float(text)
        if seconds is not None and math.isfinite(seconds) and abs(seconds) < MAX_NS / NS_PER_S:
            fraction, whole = math.modf(seconds)
            return int(whole) * NS_PER_S + round(fraction * MS_PER_S) * NS_PER_MS
    if _INTEGER.match(text):
        number = int(text) * (NS_PER_S if len(text) <= SECONDS_DIGITS else 1)
        if abs(number) <= MAX_NS:
            return number
    found = _RFC3339.match(text)
    if found is not None:
        day, clock, fraction_text, zone = found.groups()
        try:
            moment = datetime.fromisoformat(f"{day}T{clock}{'+00:00' if zone in 'Zz' else zone}").astimezone(UTC)
        except (ValueError, OverflowError):
            pass
        else:
            return int(moment.timestamp()) * NS_PER_S + int((fraction_text or "0").ljust(9, "0"))
    raise BadRequestError(name, f"cannot parse {quote(text)} as a timestamp: give nanoseconds, seconds or RFC 3339")


def parse_range(params: Params, settings: ExecuteSettings) -> LogsRange:
    """Return when ``query_range`` evaluates."""
    bounds = parse_bounds(params)
    text = params.get("step")
    if text:
        step_ms = parse_step(text, "step")
    else:
        step_ms = max(1, (bounds.end_ns - bounds.start_ns) // NS_PER_S // DEFAULT_STEPS) * MS_PER_S
    if step_ms <= 0:
        raise BadRequestError(
            "step", "zero or negative query resolution step widths are not accepted. Try a positive integer"
        )
    if (bounds.end_ns - bounds.start_ns) // (step_ms * NS_PER_MS) > settings.points_per_series:
        raise BadRequestError(
            "step",
            f"exceeded maximum resolution of {settings.points_per_series:,} points per time series. "
            "Try increasing the value of the step parameter",
        )
    return LogsRange(bounds.start_ns, bounds.end_ns, step_ms)


def parse_step(text: str, name: str) -> int:
    """Return milliseconds of decimal seconds or of a duration such as ``5m``."""
    seconds = go_float(text)
    if seconds is not None:
        if not math.isfinite(seconds) or abs(seconds) > MAX_NS / NS_PER_S:
            raise BadRequestError(name, f"cannot parse {quote(text)} to a valid duration. It overflows int64")
        return int(seconds * MS_PER_S)
    try:
        return parse_duration(text)
    except BadQueryError as error:
        raise BadRequestError(name, f"cannot parse {quote(text)} to a valid duration") from error


def parse_limit(params: Params, default: int = DEFAULT_LIMIT) -> int:
    """Return ``limit``, at least 1."""
    text = params.get("limit")
    if not text:
        return default
    if not _INTEGER.match(text):
        raise BadRequestError("limit", f"{quote(text)} is no number")
    if int(text) <= 0:
        raise BadRequestError("limit", "limit must be a positive value")
    return int(text)


def parse_options(params: Params, settings: ExecuteSettings, encoding_flags: str) -> LogsOptions:
    """Return what a query's request chooses."""
    direction = params.get("direction").lower() or Direction.BACKWARD.value
    if direction not in {one.value for one in Direction}:
        raise BadRequestError("direction", f"invalid direction '{params.get('direction')}'")
    interval = params.get("interval")
    interval_ms = parse_step(interval, "interval") if interval else 0
    if interval_ms < 0:
        raise BadRequestError("interval", "interval must be >= 0")
    return LogsOptions(
        allow_partial=parse_partial(params, settings),
        timeout_s=settings.query_timeout_s,
        limit=parse_limit(params),
        direction=Direction(direction),
        interval_ms=interval_ms,
        categorize=CATEGORIZE in encoding_flags.split(","),
        exactness=parse_exactness(params.get("exactness"), settings.exactness),
    )


def parse_partial(params: Params, settings: ExecuteSettings) -> bool:
    """Return whether clusters may be missing from the answer."""
    return parse_flag("partial_response", params.get("partial_response"), default=settings.allow_partial)


def sane_tags(text: str) -> str:
    """Return ``X-Query-Tags`` fit to be passed on: Loki itself reads no other characters."""
    return _NO_TAG.sub("_", text[:MOST_TAG_CHARACTERS])
