"""What every request to the Prometheus API may choose: completeness, time, limit, and what clusters are to be told."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from query.api.go_times import MAX_TIME, MIN_TIME, GoTime
from query.api.go_values import go_duration_text
from query.api.params import Params, parse_duration_ns, parse_flag, parse_limit, parse_optional_time, parse_switch
from query.execute.options import QueryOptions
from query.execute.settings import ExecuteSettings
from query.model.certificate import Exactness
from query.model.errors import BadQueryError, BadRequestError
from query.model.frames import Notes
from query.model.time import NS_PER_MS, NS_PER_S, seconds_text
from query.syntax.strings import quote

STATS_PER_STEP: Final = "all"
PASSED_ON: Final = ("lookback_delta", "dedup", "max_source_resolution", "replicaLabels[]", "storeMatch[]")


def parse_query_options(params: Params, settings: ExecuteSettings) -> QueryOptions:
    """Return the options of a query, read in upstream's order: the first thing wrong is told.

    ``limit`` and the times come before these upstream, so call ``parse_limit`` and theirs first.
    """
    timeout_s = _timeout_s(params.get("timeout"), settings)
    lookback_ms = _lookback_ms(params.get("lookback_delta"))
    pushes_down = parse_switch("pushdown", params.get("pushdown"), default=settings.pushes_down)
    stats = params.get("stats")
    return replace(
        _options(params, settings, timeout_s),
        lookback_ms=lookback_ms,
        pushes_down=pushes_down,
        exactness=parse_exactness(params.get("exactness"), settings.exactness),
        max_series=parse_limit("max_series", params.get("max_series")),
        max_samples=parse_limit("max_samples", params.get("max_samples")),
        max_bytes=parse_limit("max_bytes", params.get("max_bytes")),
        stats="true" if stats and stats != STATS_PER_STEP else stats,
    )


def parse_exactness(text: str, default: Exactness) -> Exactness:
    """Return the worst exactness a request accepts."""
    if not text:
        return default
    found = next((one for one in Exactness if one.word == text), None)
    if found is None:
        words = ", ".join(one.word for one in Exactness)
        raise BadRequestError("exactness", f'"{text}" is none of {words}')
    return found


def stats_notes(params: Params) -> Notes:
    """Return upstream's warning of values of ``stats`` that it will refuse one day."""
    text = params.get("stats")
    if text in {"", "true", STATS_PER_STEP}:
        return Notes()
    told = (
        f'value {quote(text)} for parameter "stats" is deprecated and will be rejected in the next major release, '
        f'use "true" or "{STATS_PER_STEP}"'
    )
    return Notes((told,))


def parse_metadata_options(params: Params, settings: ExecuteSettings, *, limited: bool = False) -> QueryOptions:
    """Return the options of any other request; only those that say so have a ``limit`` with one meaning."""
    return _options(params, settings, settings.query_timeout_s, limited=limited)


def parse_bounds(params: Params) -> tuple[tuple[str, GoTime], tuple[str, GoTime]]:
    """Return start and end, each the furthest there is where it is left out."""
    start = parse_optional_time("start", params.get("start"), MIN_TIME)
    return ("start", start), ("end", parse_optional_time("end", params.get("end"), MAX_TIME))


def bounds_params(params: Params) -> tuple[tuple[str, str], ...]:
    """Return start and end for a cluster, as far as they were given."""
    window: list[tuple[str, str]] = []
    for name, moment in parse_bounds(params):
        text = params.get(name)
        if text:
            is_plain = MIN_TIME < moment < MAX_TIME
            window.append((name, seconds_text(moment.stamp_ms) if is_plain else text))
    return tuple(window)


def _options(params: Params, settings: ExecuteSettings, timeout_s: float, *, limited: bool = True) -> QueryOptions:
    allow_partial = parse_flag("partial_response", params.get("partial_response"), default=settings.allow_partial)
    strict = "true" if allow_partial else "false"
    return QueryOptions(
        allow_partial=allow_partial,
        timeout_s=timeout_s,
        limit=parse_limit("limit", params.get("limit")) if limited else 0,
        passed_on=(*params.picked(*PASSED_ON), ("partial_response", strict)),
    )


def _timeout_s(text: str, settings: ExecuteSettings) -> float:
    if not text:
        return settings.query_timeout_s
    timeout_ns = parse_duration_ns("timeout", text)
    if timeout_ns <= 0:
        raise BadRequestError("timeout", f"timeout must be positive, got {go_duration_text(timeout_ns)}")
    return timeout_ns / NS_PER_S


def _lookback_ms(text: str) -> int | None:
    try:
        return -(-parse_duration_ns("lookback_delta", text) // NS_PER_MS) if text else None
    except BadRequestError as error:
        raise BadQueryError(f"error parsing lookback delta duration: {error.reason}") from error
