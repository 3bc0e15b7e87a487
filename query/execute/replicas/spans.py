"""Sets of times, as few disjoint spans as possible."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from query.promql.plan.reach import Span


@dataclass(frozen=True, slots=True)
class Spans:
    """A set of times in milliseconds; ``spans`` are disjoint and in order. Spans that overlap or touch are one."""

    spans: tuple[Span, ...] = ()

    @classmethod
    def of(cls, spans: Iterable[Span]) -> Spans:
        """Return the union of any spans."""
        merged: list[Span] = []
        for span in sorted(spans, key=lambda span: span.start_ms):
            if merged and span.start_ms <= merged[-1].end_ms:
                merged[-1] = merged[-1] | span
            else:
                merged.append(span)
        return cls(tuple(merged))

    def __or__(self, other: Spans) -> Spans:
        """Return the times that are in either."""
        return Spans.of((*self.spans, *other.spans)) if other.spans else self

    def holds(self, span: Span) -> bool:
        """Tell whether all of ``span`` is in the set."""
        return any(one.start_ms <= span.start_ms and span.end_ms <= one.end_ms for one in self.spans)

    def first_in(self, span: Span) -> Span | None:
        """Return the first of the spans that shares a time with ``span``."""
        return next((one for one in self.spans if one.start_ms <= span.end_ms and one.end_ms >= span.start_ms), None)

    def missing_in(self, span: Span) -> tuple[Span, ...]:
        """Return the parts of ``span`` that are not in the set."""
        missing: list[Span] = []
        at_ms = span.start_ms
        for one in self.spans:
            if one.end_ms <= at_ms:
                continue
            if one.start_ms >= span.end_ms:
                break
            if one.start_ms > at_ms:
                missing.append(Span(at_ms, one.start_ms))
            at_ms = one.end_ms
        if at_ms < span.end_ms:
            missing.append(Span(at_ms, span.end_ms))
        return tuple(missing)

    def within(self, span: Span) -> Spans:
        """Return the times that are in ``span`` too."""
        return Spans(
            tuple(
                Span(max(one.start_ms, span.start_ms), min(one.end_ms, span.end_ms))
                for one in self.spans
                if one.start_ms <= span.end_ms and one.end_ms >= span.start_ms
            )
        )
