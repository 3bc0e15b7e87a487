from __future__ import annotations

import math
import subprocess
import sys

import pandas as pd

from lma.client import Histogram, LogLine, Matrix, Sample, Scalar, Series, Stream, Streams, Vector

NATIVE = Histogram(4, 10.5)


def test_an_instant_has_label_columns_time_and_value() -> None:
    vector = Vector(
        items=(
            Sample({"__name__": "up", "job": "a"}, 1.5, 1.0),
            Sample({"__name__": "up", "pod": "p"}, 1.5, math.nan),
            Sample({"__name__": "up", "value": "clash"}, 1.5, math.inf),
        )
    )
    frame = vector.to_pandas()
    assert list(frame.columns) == ["__name__", "job", "pod", "label_value", "time", "value"]
    assert frame["job"].tolist() == ["a", "", ""]
    assert frame["value"].dtype == "float64"
    assert frame["value"].tolist()[2] == math.inf
    assert frame["time"][0] == pd.Timestamp("1970-01-01T00:00:01.5Z")


def test_native_histograms_get_a_column_of_their_own() -> None:
    frame = Vector(items=(Sample({}, 1, 2.0), Sample({"a": "b"}, 1, None, NATIVE))).to_pandas()
    assert frame["value"][0] == 2.0
    assert math.isnan(frame["value"][1])
    assert frame["histogram"].tolist() == [None, NATIVE]


def test_no_data_is_an_empty_frame() -> None:
    assert list(Vector().to_pandas().columns) == ["time", "value"]
    assert Matrix().to_pandas().shape == (0, 0)
    assert str(Matrix().to_pandas().index.dtype) == "datetime64[ms, UTC]"
    assert list(Streams().to_pandas().columns) == ["time", "labels", "line"]


def test_a_range_has_a_column_per_series_indexed_by_utc_time() -> None:
    matrix = Matrix(
        items=(
            Series({"cluster": "seoul", "job": "a"}, (10.0, 20.0, 30.5), (1.0, math.nan, 3.0)),
            Series({"cluster": "tokyo"}, (20.0,), (math.inf,)),
        )
    )
    frame = matrix.to_pandas()
    assert frame.shape == (3, 2)
    assert frame.columns.names == ["cluster", "job"]
    assert frame.columns.to_frame().to_numpy().tolist() == [["seoul", "a"], ["tokyo", ""]]
    assert str(frame.index.dtype) == "datetime64[ms, UTC]"
    assert frame.index[2] == pd.Timestamp("1970-01-01T00:00:30.5Z")
    assert frame[("tokyo", "")].tolist()[1] == math.inf
    assert frame[("tokyo", "")].isna().tolist() == [True, False, True]
    assert (frame.dtypes == "float64").all()


def test_a_series_without_labels_still_has_a_column() -> None:
    frame = Matrix(items=(Series({}, (1.0,), (2.0,)),)).to_pandas()
    assert frame.columns.names == ["__name__"]
    assert frame[("",)].tolist() == [2.0]


def test_histograms_in_a_range_are_objects_among_floats() -> None:
    frame = Matrix(items=(Series({"a": "b"}, (1.0, 3.0), (5.0, 6.0), ((2.0, NATIVE),)),)).to_pandas()
    assert frame[("b",)].tolist() == [5.0, NATIVE, 6.0]


def test_label_sets_that_are_equal_do_not_swallow_each_other() -> None:
    twin = Series({"a": "b"}, (1.0,), (2.0,))
    assert Matrix(items=(twin, twin)).to_pandas().shape == (1, 2)


def test_logs_keep_nanoseconds_and_order() -> None:
    labels = {"app": "shop"}
    lines = (
        LogLine(1_700_000_000_000_000_002, labels, "b", {"trace": "7"}),
        LogLine(1_700_000_000_000_000_001, labels, "a"),
    )
    frame = Streams(items=(Stream(labels, lines),), is_forward=True).to_pandas()
    assert frame["line"].tolist() == ["a", "b"]
    assert frame["time"][1].value == 1_700_000_000_000_000_002
    assert frame["labels"].tolist() == [labels, {**labels, "trace": "7"}]


def test_a_scalar_is_one_row() -> None:
    frame = Scalar(time_s=1, value=2.5).to_pandas()
    assert frame["value"].tolist() == [2.5]


def test_pandas_is_imported_only_when_asked_for() -> None:
    code = "import sys, lma.client; sys.exit('pandas' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
