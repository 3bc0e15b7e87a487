"""Sets of times, against sets of integers."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from query.execute.replicas.spans import Spans
from query.promql.plan.reach import Span

spans = st.tuples(st.integers(0, 60), st.integers(0, 20)).map(lambda pair: Span(pair[0], pair[0] + pair[1]))
lists = st.lists(spans, max_size=6)


def times(listed: list[Span] | tuple[Span, ...]) -> set[int]:
    return {time for span in listed for time in range(span.start_ms, span.end_ms + 1)}


@given(lists)
def test_the_union_holds_the_same_times_in_disjoint_spans(listed: list[Span]) -> None:
    found = Spans.of(listed).spans
    assert times(found) == times(listed)
    assert all(one.end_ms < two.start_ms for one, two in pairwise(found))


@given(lists, spans)
def test_holds_first_and_within(listed: list[Span], span: Span) -> None:
    union, wanted = Spans.of(listed), times((span,))
    if union.holds(span):
        assert wanted <= times(listed)
    assert (union.first_in(span) is None) == wanted.isdisjoint(times(listed))
    assert times(union.within(span).spans) == times(listed) & wanted


@given(lists, spans)
def test_what_is_missing_and_what_is_held_make_the_whole(listed: list[Span], span: Span) -> None:
    union = Spans.of(listed)
    missing = union.missing_in(span)
    assert Spans.of((*union.spans, *missing)).holds(span) or span.start_ms == span.end_ms
    inside = {time for one in missing for time in range(one.start_ms + 1, one.end_ms)}
    assert inside.isdisjoint(times(union.spans))
