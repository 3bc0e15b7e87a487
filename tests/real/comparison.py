"""Are two answers the same? The rules, and nothing softer.

* Result type, label sets and timestamps: equal. A label set that comes twice is an error by itself.
* Values: equal to the bit (NaN equals NaN, and -0 is not 0 only to the printer), except where floats were added up
  in another order than upstream adds them: there the last digit may differ (``LAST_DIGIT``, relative).
* Order: rows of a range result are sorted by labels, as upstream sorts them; rows of an instant vector count as
  ordered only for a query whose outermost function is ``sort…``.
* Both refuse: same HTTP status and errorType. Texts may differ.
* Warnings and infos: the same texts, positions aside, because the gateway may hand a rewritten query on.
* ``topk``/``bottomk`` at the top, ties: upstream keeps whichever of equal samples it met first, which no client can
  rely on. So per timestamp and group the values must agree as a multiset, and every sample must be one of the
  candidates (``tie_candidates``, the answer to the aggregated expression). ``limitk`` may take any samples.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator

from tests.real.answers import Answer, HistogramSample, LabelSet, Row, Sample, ShownHistogram

LAST_DIGIT = 1e-12
_SUMMED = re.compile(r"\b(sum|avg|stddev|stdvar|histogram_quantile|histogram_fraction)\b")
_SORTED = re.compile(r"\s*sort(_desc|_by_label|_by_label_desc)?\s*\(")
_ANY_VALUE = re.compile(r"\s*limitk\b")
POSITION = re.compile(r"\s*\(\d+:\d+\)")
_SHOWN = 12


def differences(
    query: str,
    expected: Answer,
    got: Answer,
    tie_candidates: Answer | None = None,
    *,
    assume_sums: bool = False,
    is_exact: bool = False,
) -> list[str]:
    """Return what differs, as sentences; an empty list means that the answers are the same.

    ``assume_sums`` grants the last digit to a query whatever its text, ``is_exact`` to none.
    """
    if expected.is_error or got.is_error:
        return _error_differences(expected, got)
    if expected.result_type != got.result_type:
        return [f"result type {got.result_type!r}, expected {expected.result_type!r}"]
    found = [f"label set twice: {_show(labels)}" for labels in _repeated(got)]
    if found:
        return found
    if expected.text != got.text:
        found.append(f"text {got.text!r}, expected {expected.text!r}")
    tolerance = LAST_DIGIT if (assume_sums or _SUMMED.search(query)) and not is_exact else 0.0
    rows = _row_differences(expected, got, tolerance)
    if rows and tie_candidates is not None:
        rows = _tied_differences(expected, got, tie_candidates, tolerance, any_value=bool(_ANY_VALUE.match(query)))
    found += rows
    if tie_candidates is None and not found:
        found += _order_differences(query, expected, got, tolerance)
    for kind, want, have in (
        ("warnings", expected.warnings, got.warnings),
        ("infos", expected.infos, got.infos),
    ):
        if _texts(want) != _texts(have):
            found.append(f"{kind} {sorted(_texts(have))}, expected {sorted(_texts(want))}")
    return found


def equal_values(left: float, right: float, tolerance: float = 0.0) -> bool:
    """Tell whether two sample values are the same, to a relative ``tolerance``."""
    if math.isnan(left) or math.isnan(right):
        return math.isnan(left) and math.isnan(right)
    return left == right or (tolerance > 0 and math.isclose(left, right, rel_tol=tolerance, abs_tol=0.0))


def report(query: str, where: str, found: list[str], expected: Answer, got: Answer) -> str:
    """Return the text of a divergence: the query, what differs, and both answers."""
    lines = [f"query:    {query}", f"where:    {where}", *(f"  - {text}" for text in found[:_SHOWN])]
    if len(found) > _SHOWN:
        lines.append(f"  … and {len(found) - _SHOWN} more")
    return "\n".join([*lines, "expected:", *_summary(expected), "got:", *_summary(got)])


def _error_differences(expected: Answer, got: Answer) -> list[str]:
    if expected.is_error and got.is_error:
        if (expected.status_code, expected.error_type) != (got.status_code, got.error_type):
            return [
                (
                    f"error {got.status_code} {got.error_type} ({got.error}), "
                    f"expected {expected.status_code} {expected.error_type} ({expected.error})"
                )
            ]
        return []
    if got.is_error:
        return [f"error {got.status_code} {got.error_type} ({got.error}), expected an answer"]
    return [f"an answer, expected error {expected.status_code} {expected.error_type} ({expected.error})"]


def _row_differences(expected: Answer, got: Answer, tolerance: float) -> list[str]:
    want = {row.labels: row for row in expected.rows}
    have = {row.labels: row for row in got.rows}
    found = [f"missing {_show(labels)}" for labels in want if labels not in have]
    found += [f"not expected {_show(labels)}" for labels in have if labels not in want]
    for labels, row in want.items():
        if labels in have:
            found += _sample_differences(labels, row.samples, have[labels].samples, tolerance)
            found += _histogram_differences(labels, row.histograms, have[labels].histograms, tolerance)
    return found


def _sample_differences(
    labels: LabelSet, want: tuple[Sample, ...], have: tuple[Sample, ...], tolerance: float
) -> Iterator[str]:
    wanted, got = dict(want), dict(have)
    lacking, surplus = sorted(wanted.keys() - got.keys()), sorted(got.keys() - wanted.keys())
    if lacking or surplus:
        yield f"{_show(labels)}: {len(lacking)} missing {lacking[:3]}, {len(surplus)} surplus {surplus[:3]}"
    elif [at for at, _ in have] != sorted(got):
        yield f"{_show(labels)}: samples out of order or repeated"
    for at, value in want:
        if at in got and not equal_values(value, got[at], tolerance):
            yield f"{_show(labels)} at {at}: {got[at]!r}, expected {value!r}"
            return


def _histogram_differences(
    labels: LabelSet, want: tuple[HistogramSample, ...], have: tuple[HistogramSample, ...], tolerance: float
) -> Iterator[str]:
    if [at for at, _ in want] != [at for at, _ in have]:
        lacking, surplus = dict(want).keys() - dict(have).keys(), dict(have).keys() - dict(want).keys()
        yield (
            f"{_show(labels)}: histograms: {len(lacking)} missing {sorted(lacking)[:3]}, "
            f"{len(surplus)} surplus {sorted(surplus)[:3]}"
        )
        return
    for (at, wanted), (_, got) in zip(want, have, strict=True):
        if not _equal_histograms(wanted, got, tolerance):
            yield f"{_show(labels)} at {at}: {got}, expected {wanted}"
            return


def _equal_histograms(left: ShownHistogram, right: ShownHistogram, tolerance: float) -> bool:
    """Compare bounds to the bit, counts and sum as other values are compared."""
    if len(left.buckets) != len(right.buckets):
        return False
    pairs = [(left.count, right.count), (left.sum, right.sum)]
    pairs += [(one[3], other[3]) for one, other in zip(left.buckets, right.buckets, strict=True)]
    same_bounds = all(one[:3] == other[:3] for one, other in zip(left.buckets, right.buckets, strict=True))
    return same_bounds and all(equal_values(one, other, tolerance) for one, other in pairs)


def _order_differences(query: str, expected: Answer, got: Answer, tolerance: float) -> list[str]:
    """Compare what of the order is promised: by value for ``sort`` (equal values in any order), else by labels."""
    sorts = _SORTED.match(query)
    if got.result_type != "matrix" and not sorts:
        return []
    by_value = got.result_type == "vector" and sorts is not None and sorts[1] in (None, "_desc")
    for number, (want, have) in enumerate(zip(expected.rows, got.rows, strict=True)):
        if by_value and want.samples and have.samples:
            same = equal_values(want.samples[0][1], have.samples[0][1], tolerance)
        else:
            same = want.labels == have.labels
        if not same:
            return [f"order: row {number} is {_show(have.labels)}, expected {_show(want.labels)}"]
    return []


def _tied_differences(
    expected: Answer, got: Answer, candidates: Answer, tolerance: float, *, any_value: bool
) -> list[str]:
    offered = {(row.labels, at): value for row in candidates.rows for at, value in row.samples}
    found = [
        f"{_show(row.labels)} at {at}: {value!r} is no sample of the aggregated expression"
        for row in got.rows
        for at, value in row.samples
        if (row.labels, at) not in offered or not equal_values(value, offered[row.labels, at], tolerance)
    ]
    shown = {(row.labels, at): histogram for row in candidates.rows for at, histogram in row.histograms}
    found += [
        f"{_show(row.labels)} at {at}: no histogram of the aggregated expression"
        for row in got.rows
        for at, histogram in row.histograms
        if shown.get((row.labels, at)) != histogram
    ]
    if any_value:
        wanted_counts, given_counts = _samples_by_time(expected), _samples_by_time(got)
        return found + [
            f"{given_counts[at]} samples at {at}, expected {wanted_counts[at]}"
            for at in sorted(wanted_counts.keys() | given_counts.keys())
            if given_counts[at] != wanted_counts[at]
        ]
    want, have = _values_by_time(expected), _values_by_time(got)
    for at in sorted(want.keys() | have.keys()):
        wanted, given = want.get(at, []), have.get(at, [])
        if len(wanted) != len(given) or not all(map(equal_values, wanted, given, [tolerance] * len(wanted))):
            found.append(f"values at {at}: {given}, expected {wanted}")
    return found


def _samples_by_time(answer: Answer) -> Counter[int]:
    """Return how many samples, floats and histograms, there are at each timestamp."""
    return Counter(at for row in answer.rows for at, _ in (*row.samples, *row.histograms))


def _values_by_time(answer: Answer) -> dict[int, list[float]]:
    """Return the values of each timestamp in order, NaN last."""
    by_time: dict[int, list[float]] = {}
    for row in answer.rows:
        for at, value in row.samples:
            by_time.setdefault(at, []).append(value)
    return {at: sorted(values, key=lambda value: (math.isnan(value), value)) for at, values in by_time.items()}


def _repeated(answer: Answer) -> list[LabelSet]:
    return [labels for labels, times in Counter(row.labels for row in answer.rows).items() if times > 1]


def _texts(notes: tuple[str, ...]) -> set[str]:
    return {POSITION.sub("", note) for note in notes}


def _summary(answer: Answer) -> list[str]:
    if answer.is_error:
        return [f"  {answer.status_code} {answer.error_type}: {answer.error}"]
    shown = [f"  {_show(row.labels)} {_show_samples(row)}" for row in answer.rows[:_SHOWN]]
    more = [f"  … {len(answer.rows) - _SHOWN} more rows"] if len(answer.rows) > _SHOWN else []
    notes = [f"  {note}" for note in (*answer.warnings, *answer.infos)]
    return [f"  {answer.result_type}, {len(answer.rows)} rows", *shown, *more, *notes]


def _show(labels: LabelSet) -> str:
    return "{" + ", ".join(f"{name}={value!r}" for name, value in labels) + "}"


def _show_samples(row: Row) -> str:
    samples = [*row.samples, *row.histograms]
    shown = ", ".join(f"{value!r}@{at}" for at, value in samples[:4])
    return shown if len(samples) <= 4 else f"{shown}, … {len(samples)} samples"
