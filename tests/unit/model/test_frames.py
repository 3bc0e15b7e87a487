"""Frames that hold native histograms beside floats."""

import numpy as np

from query.model.float_histogram import FloatHistogram
from query.model.frames import Frame
from query.model.time import Grid

GRID = Grid(0, 2_000, 1_000)
ONE = FloatHistogram(0, 1.0, 1.0)
LABELS = ((("a", "1"),), (("a", "2"),), (("a", "3"),))


def frame() -> Frame:
    """Row 1 is a float, then a histogram; row 2 a histogram; row 3 a float."""
    values = np.array([[1.0, 9.0, 9.0], [9.0, 9.0, 9.0], [9.0, 9.0, 3.0]])
    present = np.array([[True, True, False], [True, False, False], [False, False, True]])
    histograms = np.array([[None, ONE, None], [ONE, None, None], [None, None, None]], np.object_)
    return Frame.of(GRID, LABELS, values, present, histograms)


def test_a_frame_is_split_into_floats_and_histograms() -> None:
    floats, others = frame().floats(), frame().only_histograms()
    assert floats.labels == (LABELS[0], LABELS[2])
    assert floats.present.tolist() == [[True, False, False], [False, False, True]]
    assert floats.histograms is None
    assert others.labels == LABELS[:2]
    assert others.present.tolist() == [[False, True, False], [True, False, False]]
    assert others.histograms is not None
    assert others.histograms.tolist() == [[None, ONE, None], [ONE, None, None]]


def test_histograms_that_are_not_present_go_and_the_last_takes_the_array_along() -> None:
    whole = frame()
    masked = Frame.of(GRID, whole.labels, whole.values, whole.present & ~whole.are_histograms(), whole.histograms)
    assert masked.histograms is None
    assert whole.histograms is not None
    assert whole.histograms[0, 1] is ONE
