"""Which schema a native histogram has, told from the bounds that JSON shows of it.

JSON names each bucket by its bounds, leaves empty ones out, and cuts a bucket that overlaps the zero bucket. Bounds are
written to the last bit, and a bucket that isn't cut is as wide as one schema makes it, so one populated bucket usually
tells the schema for certain. What JSON may leave open, and a layout then says is ``undecided``:

* the schema, where all observations are in the zero bucket, or there is none at all;
* the zero threshold, where the zero bucket is empty (a cluster can be asked for it: ``Told``);
* custom bounds between, before and after populated buckets;
* whether bounds that are powers of two are custom ones.

Such a histogram still is what its JSON shows: iterating over its buckets gives the same ones.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, TypeAlias

from query.model.exponential_bounds import MAX_SCHEMA, MIN_SCHEMA, exponential_bound
from query.model.float_histogram import CUSTOM_SCHEMA

LEFT_OPEN, RIGHT_OPEN, OPEN, CLOSED = range(4)
"""How JSON says which bounds a bucket includes."""

NO_OBSERVATION: Final = "one of them holds nothing, so its JSON does not tell its resolution"
ZERO_ONLY: Final = "one of them holds only zeros, so its JSON does not tell its resolution"
SEVERAL_SCHEMAS: Final = "the JSON of one of them fits several resolutions"
PERHAPS_CUSTOM: Final = "the JSON of one of them fits exponential and custom buckets"
NO_THRESHOLD: Final = "the JSON of one of them does not tell how wide its zero bucket is"
CUSTOM_GAPS: Final = "the JSON of one of them does not tell all of its custom bounds"

Bounds: TypeAlias = tuple[int, str, str]
"""A bucket in JSON: its rule, its lower and its upper bound."""
_Fits: TypeAlias = Mapping[int, tuple[int, bool]]
"""The schemas a bucket fits: its index there, and whether it would have been cut."""


@dataclass(frozen=True, slots=True)
class Told:
    """What a cluster told of a histogram beside its JSON: it is exponential, and this is its zero threshold."""

    zero_threshold: float


@dataclass(frozen=True, slots=True)
class Layout:
    """Which buckets a JSON lists: per side the ascending indices, and the position of each in the list."""

    schema: int
    zero_threshold: float = 0.0
    zero_position: int | None = None
    positive: tuple[int, ...] = ()
    positive_positions: tuple[int, ...] = ()
    negative: tuple[int, ...] = ()
    negative_positions: tuple[int, ...] = ()
    custom_values: tuple[float, ...] = ()
    undecided: str | None = None


@dataclass(frozen=True, slots=True)
class _Shown:
    """A bucket as shown, and its place in the list; bounds by distance from zero on either side."""

    near: float
    far: float
    position: int


@lru_cache(maxsize=8192)
def layout_of(buckets: tuple[Bounds, ...], told: Told | None = None) -> Layout:
    """Return the layout of a histogram; ``ValueError`` if no histogram has these buckets."""
    parsed = [(rule, float(lower), float(upper)) for rule, lower, upper in buckets]
    if any(math.isnan(lower) or math.isnan(upper) for _, lower, upper in parsed):
        raise ValueError("a bucket's bound is not a number")
    if any(rule == CLOSED and lower == -math.inf for rule, lower, _ in parsed):
        return _custom(parsed)
    zero = [at for at, (rule, lower, upper) in enumerate(parsed) if rule == CLOSED and lower == -upper]
    positive = [_Shown(low, high, at) for at, (rule, low, high) in enumerate(parsed) if rule == LEFT_OPEN]
    negative = [_Shown(-high, -low, at) for at, (rule, low, high) in enumerate(parsed) if rule == RIGHT_OPEN]
    if len(zero) > 1 or len(zero) + len(positive) + len(negative) < len(parsed):
        raise ValueError("its buckets are those of no histogram")
    shown_threshold = parsed[zero[0]][2] if zero else told.zero_threshold if told else None
    found = _schemas(positive, negative, shown_threshold)
    may_be_custom = told is None and not zero and not negative
    if not found:
        if not may_be_custom:
            raise ValueError("its bounds are those of no resolution")
        return _custom(parsed)
    schema = max(found)
    threshold = shown_threshold if shown_threshold is not None else found[schema]
    undecided: str | None = None
    if not positive and not negative:
        undecided = ZERO_ONLY if zero else NO_OBSERVATION
    elif len(found) > 1:
        undecided = SEVERAL_SCHEMAS
    elif shown_threshold is None:
        undecided = PERHAPS_CUSTOM if may_be_custom else NO_THRESHOLD
    (above, at_above), (below, at_below) = (_indices(side, schema) for side in (positive, negative))
    return Layout(
        schema,
        threshold if threshold is not None else 0.0,
        zero[0] if zero else None,
        above,
        at_above,
        below,
        at_below,
        undecided=undecided,
    )


def _indices(side: Sequence[_Shown], schema: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the indices of one side's buckets, ascending, and their positions."""
    placed = sorted((_fits(shown.near, shown.far)[schema][0], shown.position) for shown in side)
    if len({index for index, _ in placed}) < len(placed):
        raise ValueError("it has a bucket twice")
    return tuple(index for index, _ in placed), tuple(position for _, position in placed)


def _schemas(
    positive: Sequence[_Shown], negative: Sequence[_Shown], threshold: float | None
) -> dict[int, float | None]:
    """Return the schemas that all buckets fit, and the zero threshold that a cut one implies.

    A bucket can be cut only at the threshold.
    """
    found: dict[int, float | None] = {}
    for schema in range(MAX_SCHEMA, MIN_SCHEMA - 1, -1):
        implied = threshold
        for side in (positive, negative):
            for shown in side:
                fit = _fits(shown.near, shown.far).get(schema)
                if fit is None or (fit[1] and implied not in {None, shown.near}):
                    break
                implied = shown.near if fit[1] else implied
            else:
                continue
            break
        else:
            found[schema] = implied
    return found


@lru_cache(maxsize=65536)
def _fits(near: float, far: float) -> _Fits:
    """Return the schemas that have a bucket which is shown to lie between two absolute values."""
    fits: dict[int, tuple[int, bool]] = {}
    for schema in range(MIN_SCHEMA, MAX_SCHEMA + 1):
        index = _index(far, schema)
        if index is None:
            continue
        begins = exponential_bound(index - 1, schema)
        if begins == near or 0 < begins < near:
            fits[schema] = index, begins != near
    return fits


def _index(bound: float, schema: int) -> int | None:
    """Return the bucket that ends at a bound, None if none does."""
    if bound <= 0:
        return None
    if math.isinf(bound):
        return _overflow_index(schema)
    fraction, exponent = math.frexp(bound)
    guess = round((math.log2(fraction) + exponent) * math.ldexp(1.0, schema))
    return next((i for i in (guess, guess - 1, guess + 1) if exponential_bound(i, schema) == bound), None)


def _overflow_index(schema: int) -> int:
    """Return the bucket that counts the infinities: the one after that which ends at the greatest float."""
    last = 1024 << schema if schema >= 0 else 1024 >> -schema
    return last + 1


def _custom(parsed: Sequence[tuple[int, float, float]]) -> Layout:
    bounds: list[float] = []
    is_complete = bool(parsed) and parsed[0][1] == -math.inf and parsed[-1][2] == math.inf
    for ordinal, (rule, lower, upper) in enumerate(parsed):
        is_first = lower == -math.inf
        if lower >= upper or is_first != (rule == CLOSED) or (ordinal and is_first) or rule not in {LEFT_OPEN, CLOSED}:
            raise ValueError("its buckets are those of no histogram")
        if not is_first and (not bounds or bounds[-1] != lower):
            is_complete = False
            if bounds and bounds[-1] > lower:
                raise ValueError("its buckets overlap")
            bounds.append(lower)
        if upper != math.inf:
            bounds.append(upper)
    places = {bound: index for index, bound in enumerate(bounds)}
    return Layout(
        CUSTOM_SCHEMA,
        positive=tuple(places.get(upper, len(bounds)) for _, _, upper in parsed),
        positive_positions=tuple(range(len(parsed))),
        custom_values=tuple(bounds),
        undecided=None if is_complete else CUSTOM_GAPS,
    )
