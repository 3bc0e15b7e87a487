"""Elementary functions give the bits that Go gives."""

from __future__ import annotations

import struct
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from query.model.frames import Floats
from query.promql.evaluate import go_math
from query.promql.evaluate.native import numbers

Row = tuple[float, float, float]
OF_TWO = frozenset({"power", "atan2"})


def _read() -> dict[str, list[Row]]:
    rows: dict[str, list[Row]] = defaultdict(list)
    for line in Path(__file__).with_name("go_math.txt").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            name, *words = line.split()
            first, second, result = (struct.unpack(">d", bytes.fromhex(word))[0] for word in words)
            rows[name].append((first, second, result))
    return rows


ROWS = _read()


def _is_same(left: float, right: float) -> bool:
    return struct.pack(">d", left) == struct.pack(">d", right) or (left != left and right != right)  # noqa: PLR0124


@pytest.mark.parametrize("name", sorted(set(go_math.__all__)))
@np.errstate(all="ignore")
def test_arrays(name: str) -> None:
    function: Callable[..., Floats] = getattr(go_math, name)
    first, second, expected = np.array(ROWS[name]).T.copy()
    got = function(first, second) if name in OF_TWO else function(first)
    wrong = [(row, float(value)) for row, value in zip(ROWS[name], got, strict=True) if not _is_same(row[2], value)]
    assert wrong == []
    assert len(expected) >= 80


@pytest.mark.parametrize("name", ["exp2", "log2"])
def test_single_numbers(name: str) -> None:
    function: Callable[[float], float] = getattr(numbers, name)
    assert [(row, function(row[0])) for row in ROWS[name] if not _is_same(row[2], function(row[0]))] == []
