"""Streams of several sources come out as one Loki holding all of them would answer."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from query.logql.merge import Direction, merge_streams, union_labels
from query.model.labels import Labels

LABELS: list[Labels] = [(("app", "a"),), (("app", "b"),), (("app", "a"), ("cluster", "x"))]


@st.composite
def stream_sources(draw: st.DrawFn) -> tuple[Direction, list[list[tuple[Labels, list[tuple[int, str]]]]]]:
    direction = draw(st.sampled_from(Direction))
    sources = []
    for source in range(draw(st.integers(0, 4))):
        streams = []
        for labels in draw(st.lists(st.sampled_from(LABELS), unique=True)):
            stamps = sorted(draw(st.lists(st.integers(0, 20), max_size=12)), reverse=direction is Direction.BACKWARD)
            streams.append((labels, [(stamp, f"{source}:{index}@{stamp}") for index, stamp in enumerate(stamps)]))
        sources.append(streams)
    return direction, sources


@given(stream_sources(), st.integers(1, 40))
def test_the_merge_is_the_sorted_union_cut_at_the_limit(
    drawn: tuple[Direction, list[list[tuple[Labels, list[tuple[int, str]]]]]], limit: int
) -> None:
    direction, sources = drawn
    merged = merge_streams(sources, direction, limit)
    union = [(stamp, labels, entry) for source in sources for labels, entries in source for stamp, entry in entries]
    stamps = sorted((stamp for stamp, _, _ in union), reverse=direction is Direction.BACKWARD)[:limit]
    found = [(int(entry.split("@")[1]), labels, entry) for labels, entries in merged for entry in entries]
    assert sorted((stamp for stamp, _, _ in found), reverse=direction is Direction.BACKWARD) == stamps
    assert set(found) <= set(union)
    assert len(set(found)) == len(found)
    assert [labels for labels, _ in merged] == sorted({labels for _, labels, _ in found})
    for labels, entries in merged:
        times = [int(entry.split("@")[1]) for entry in entries]
        assert times == sorted(times, reverse=direction is Direction.BACKWARD), labels


@given(stream_sources(), st.integers(1, 20))
def test_asking_each_source_with_the_limit_loses_nothing(
    drawn: tuple[Direction, list[list[tuple[Labels, list[tuple[int, str]]]]]], limit: int
) -> None:
    direction, sources = drawn
    limited = []
    for source in sources:
        stamps = {entry: stamp for _, entries in source for stamp, entry in entries}
        limited.append(
            [
                (labels, [(stamps[entry], entry) for entry in entries])
                for labels, entries in merge_streams([source], direction, limit)
            ]
        )

    def times(merged: list[tuple[Labels, list[str]]]) -> list[str]:
        return sorted(entry.split("@")[1] for _, entries in merged for entry in entries)

    assert times(merge_streams(limited, direction, limit)) == times(merge_streams(sources, direction, limit))


def test_equal_times_keep_the_order_of_the_sources() -> None:
    a, b = LABELS[0], LABELS[1]
    sources = [[(a, [(5, "a1"), (5, "a2")])], [(a, [(5, "b1")]), (b, [(5, "b2")])]]
    for direction in Direction:
        assert merge_streams(sources, direction, 10) == [(a, ["a1", "a2", "b1"]), (b, ["b2"])]


def test_constants_are_added_and_parsed_fields_get_the_unions_name() -> None:
    hidden = (("cluster", "seoul"), ("region", "kr"))
    added = (("cluster", "seoul"),)
    assert union_labels({"app": "x", "cluster": "inner", "region": "kr"}, added, hidden) == (
        ("app", "x"),
        ("cluster", "seoul"),
        ("cluster_extracted", "inner"),
    )
    assert union_labels({"app": "x", "cluster": "old-name"}, added, hidden, {"cluster": "old-name"}) == (
        ("app", "x"),
        ("cluster", "seoul"),
    )
    assert union_labels({"app": "x", "level": ""}, (), ()) == (("app", "x"), ("level", ""))
