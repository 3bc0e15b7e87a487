"""Results as pandas frames. The only module of the client that imports pandas, and so is imported only when needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from lma.client.samples import Labels, Matrix, Scalar, Streams, Vector

TIME = "time"
VALUE = "value"
HISTOGRAM = "histogram"


def scalar_frame(scalar: Scalar) -> pd.DataFrame:
    """Return one row of time and value."""
    return pd.DataFrame({TIME: moments([scalar.time_s]), VALUE: [scalar.value]})


def vector_frame(vector: Vector) -> pd.DataFrame:
    """Return one row per series: label columns, time, value, and histogram where there are any."""
    taken = {TIME, VALUE, HISTOGRAM}
    columns: dict[str, Any] = {}
    for name in label_names([sample.labels for sample in vector]):
        column = f"label_{name}" if name in taken else name
        columns[column] = [sample.labels.get(name, "") for sample in vector]
    columns[TIME] = moments([sample.time_s for sample in vector])
    columns[VALUE] = pd.Series([sample.value for sample in vector], dtype="float64")
    if any(sample.histogram is not None for sample in vector):
        columns[HISTOGRAM] = pd.Series([sample.histogram for sample in vector], dtype="object")
    return pd.DataFrame(columns)


def matrix_frame(matrix: Matrix) -> pd.DataFrame:
    """Return one column per series, indexed by time; times of all series are joined, gaps are NaN."""
    names = label_names([series.labels for series in matrix]) or ["__name__"]
    columns = []
    for series in matrix:
        times = list(series.times_s)
        data: list[Any] = list(series.values)
        if series.histograms:
            times += [time_s for time_s, _ in series.histograms]
            data += [histogram for _, histogram in series.histograms]
        dtype = "object" if series.histograms else "float64"
        columns.append(pd.Series(data, index=moments(times), dtype=dtype).sort_index())
    index = pd.DatetimeIndex([], tz="UTC").as_unit("ms")
    for column in columns:
        index = index.union(pd.DatetimeIndex(column.index))
    keys = pd.MultiIndex.from_tuples(
        [tuple(series.labels.get(name, "") for name in names) for series in matrix], names=names
    )
    frame = pd.DataFrame({position: column.reindex(index) for position, column in enumerate(columns)}, index=index)
    frame.columns = keys
    frame.index.name = TIME
    return frame


def streams_frame(streams: Streams) -> pd.DataFrame:
    """Return one row per log line: time (nanoseconds), labels (a dict, metadata included), line."""
    lines = streams.lines()
    return pd.DataFrame(
        {
            TIME: pd.to_datetime(pd.Series([line.time_ns for line in lines], dtype="int64"), unit="ns", utc=True),
            "labels": pd.Series([{**line.labels, **line.metadata} for line in lines], dtype="object"),
            "line": pd.Series([line.line for line in lines], dtype="object"),
        }
    )


def label_names(sets: list[Labels]) -> list[str]:
    """Return the names of all labels, sorted, the metric name first."""
    names = {name for labels in sets for name in labels}
    return sorted(names, key=lambda name: (name != "__name__", name))


def moments(times_s: list[float]) -> pd.DatetimeIndex:
    """Return float seconds as UTC times of millisecond resolution, which is what the API has."""
    milliseconds = [round(time_s * 1_000) for time_s in times_s]
    return pd.DatetimeIndex(pd.to_datetime(milliseconds, unit="ms", utc=True)).as_unit("ms")
