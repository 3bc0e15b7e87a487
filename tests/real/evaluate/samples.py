"""A small data set for the evaluator: series that come and go, collide, tie, and are not numbers.

One block of one server, so that the order in which it gives series is label order, which decides ties in topk.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator
from typing import Final, TextIO

START_S: Final = 1_700_000_000
STEP_S: Final = 15
SAMPLES: Final = 120
LABELS = dict[str, str]
Value = float | None
Shape = Callable[[int], Value]


def write_samples(out: TextIO) -> None:
    """Write the data set as OpenMetrics text."""
    for metric, series in _metrics().items():
        out.write(f"# TYPE {metric} gauge\n")
        for labels, shape in series:
            text = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())
            for sample in range(SAMPLES):
                value = shape(sample)
                if value is not None:
                    out.write(f"{metric}{{{text}}} {_number(value)} {START_S + sample * STEP_S}\n")
    out.write("# EOF\n")


def _metrics() -> dict[str, list[tuple[LABELS, Shape]]]:
    return {
        "requests": list(_requests(1.0, 0)),
        "errors": list(_requests(0.1, 3)),
        "cores": [
            ({"cluster": cluster, "job": job}, _constant(float(cores)))
            for cores, (cluster, job) in enumerate(_pairs(), 1)
            if (cluster, job) != ("c", "db")
        ],
        "owner": [({"job": job, "team": f"team-{job}"}, _constant(1.0)) for job in ("api", "web", "db")],
        "pod_on_node": list(_moving_pods()),
        "left_dup": [({"x": "1", "n": n}, _window(0, 40) if n == "a" else _window(30, 80)) for n in "ab"],
        "right_dup": [({"x": "1", "m": m}, _window(0, 60) if m == "a" else _window(50, 120)) for m in "ab"],
        "same_one": [({"x": x}, _window(0, 70)) for x in "12"],
        "same_two": [({"x": x}, _window(60, 120)) for x in "12"],
        "tied": [({"g": str(n % 2), "n": f"{n:02d}"}, _constant(float(n % 3))) for n in range(11)],
        "stepped": [({"n": f"{n:02d}"}, _tie_then_grow(n)) for n in range(9)],
        "odd": list(_odd()),
        "gaps": [({"n": str(n)}, _every(n + 2)) for n in range(6)],
        "latency_bucket": list(_buckets()),
        "moment": [({"n": str(n)}, _constant(moment)) for n, moment in enumerate(_MOMENTS)],
        "natural": [({"v": text, "w": str(n % 2)}, _constant(float(n))) for n, text in enumerate(_TEXTS)],
        "named": [({"__type__": "gauge", "__unit__": "s", "n": "1"}, _constant(3.0))],
        "wide": [({"i": str(n), "g": str(n % 4)}, _noise(n)) for n in range(60)],
        "choice": [({}, lambda sample: float(sample % 5))],
        "served_total": [({"job": job, "n": str(n)}, _counter(n)) for n, job in enumerate(("api", "web", "db", "api"))],
        "uneven_total": [({"n": str(n)}, _every_so_often(n)) for n in range(4)],
        "about": [
            ({"instance": f"i{n}", "job": job, "n": str(n)}, _constant(float(n)))
            for n, job in enumerate(("api", "web", "db"))
        ],
        "about_total": [
            ({"instance": "i0", "job": "api", "version": "own"}, _counter(2)),
            ({"job": "api"}, _counter(3)),
        ],
        "target_info": list(_targets()),
        "build_info": [({"instance": "i0", "job": "api", "build": "b1", "version": "b"}, _window(0, 90))],
        "clash_info": [({"instance": "i1", "job": "web", "side": side}, _window(10, 20)) for side in "lr"],
        "fast": [({"n": str(n)}, _noise(n + 100)) for n in range(3)],
    }  # fmt: skip


_MOMENTS: Final = (
    0.0, -1.0, 951_782_400.0, 951_868_799.5, 1_709_164_800.0, 1_709_251_199.0, 4_107_542_400.0, 68_169_600.0,
    -2_208_988_800.0, 253_402_300_799.0, 253_402_300_800.0, -62_135_596_801.0, 1e12, -1e12, 9.2e18, -9.2e18,
    9.3e18, math.inf, -math.inf, math.nan, 1_735_689_599.999,
)  # fmt: skip
_TEXTS: Final = (
    "a1", "a10", "a2", "b", "10", "9", "1.10.2", "1.9.2", "x 2y", "x 10y", "ünï2", "z9999999999999999999",
    "z9999999999999999998", "A1",
)  # fmt: skip


def _pairs() -> Iterator[tuple[str, str]]:
    for cluster in "abc":
        for job in ("api", "web", "db"):
            yield cluster, job


def _requests(scale: float, skip: int) -> Iterator[tuple[LABELS, Shape]]:
    for ordinal, (cluster, job) in enumerate(_pairs()):
        for code in ("200", "404", "500"):
            if skip and (ordinal + int(code[0])) % skip == 0:
                continue
            labels = {"cluster": cluster, "job": job, "code": code}
            noise = random.Random(f"{scale}{labels}")  # noqa: S311 - a data set, not a secret
            values = [scale * noise.randrange(1000) / 8 + noise.random() for _ in range(SAMPLES)]
            holes = noise.randrange(20, 100)
            yield labels, _list([None if scale < 1 and holes < n < holes + 25 else v for n, v in enumerate(values)])


def _moving_pods() -> Iterator[tuple[LABELS, Shape]]:
    """A pod changes its node: one series ends about when the next begins, lookback apart."""
    for pod in "pqr":
        for position, node in enumerate(("n1", "n2", "n3")):
            start = position * 60 + ord(pod) % 3 * 5
            yield {"pod": pod, "node": node}, _window(start, start + 38)


def _odd() -> Iterator[tuple[LABELS, Shape]]:
    values = {
        "nan": math.nan, "inf": math.inf, "neginf": -math.inf, "negzero": -0.0, "zero": 0.0, "huge": 1.7e308,
        "alsohuge": 1.6e308, "tiny": 1e-300, "minus": -2.5, "half": 0.5, "big": 1e16, "one": 1.0, "third": 1 / 3,
    }  # fmt: skip
    for kind, value in values.items():
        yield {"kind": kind, "side": "low" if value < 1 else "high"}, _constant(value)
    yield {"kind": "sometimes", "side": "low"}, lambda sample: math.nan if sample % 30 < 10 else float(sample)


def _buckets() -> Iterator[tuple[LABELS, Shape]]:
    counts: dict[str, dict[str, float]] = {
        "plain": {"0.1": 10, "0.5": 40, "1": 90, "+Inf": 100},
        "negative": {"-1": 5, "0": 10, "2": 15, "+Inf": 20},
        "below zero": {"-2": 5, "-1": 10, "+Inf": 10},
        "falling": {"0.1": 10, "0.5": 8, "1": 30, "2": 29, "+Inf": 40},
        "rounding": {"0.1": 10, "0.5": 10 - 1e-13, "1": 10 + 1e-12, "+Inf": 20},
        "no end": {"0.1": 1, "1": 2},
        "only end": {"+Inf": 7},
        "empty": {"0.1": 0, "1": 0, "+Inf": 0},
        "twice": {"1": 3, "1.0": 4, "1e0": 5, "2": 20, "Inf": 30, "+Inf": 2},
        "not a number": {"0.1": 1, "0.5": math.nan, "1": 3, "+Inf": 4},
        "endless": {"0.1": 1, "1": math.inf, "+Inf": math.inf},
    }
    for kind, buckets in counts.items():
        for bound, count in buckets.items():
            yield {"kind": kind, "le": bound}, _growing(count)
    yield {"kind": "bad", "le": "wide"}, _constant(1.0)
    yield {"kind": "none"}, _constant(1.0)
    for position, bound in enumerate(("0.1", "0.5", "1", "5", "+Inf")):
        yield {"kind": "gaps", "le": bound}, _holed(float(position * 10 + 10), position)


def _constant(value: float) -> Shape:
    return lambda _: value


def _growing(count: float) -> Shape:
    return lambda sample: count * (1 + sample // 40)


def _window(start: int, end: int) -> Shape:
    return lambda sample: float(sample + 1) if start <= sample < end else None


def _every(period: int) -> Shape:
    return lambda sample: float(sample) if (sample // 25) % period == 0 else None


def _holed(value: float, position: int) -> Shape:
    return lambda sample: None if position * 20 <= sample < position * 20 + 30 else value + sample


def _tie_then_grow(n: int) -> Shape:
    return lambda sample: float(max(2, min(n, sample // 20)) if n % 4 else 2)


def _noise(n: int) -> Shape:
    noise = random.Random(n)  # noqa: S311 - a data set, not a secret
    values = [noise.choice((noise.random() * 10 ** noise.randrange(-9, 12), -1.0, 2.0)) for _ in range(SAMPLES)]
    return _list([value if noise.random() < 0.9 else None for value in values])


def _targets() -> Iterator[tuple[LABELS, Shape]]:
    """Of the first two targets the version changes, lookback apart; the third has none, a fourth nobody asks for."""
    for n, job in enumerate(("api", "web")):
        labels = {"instance": f"i{n}", "job": job}
        yield {**labels, "version": "1", "region": "eu"}, _window(0, 50 + n)
        yield {**labels, "version": "2", "region": "eu"}, _window(51 + n, 110)
    yield {"job": "api", "region": "none"}, _constant(1.0)
    yield {"instance": "i9", "job": "api", "region": "us"}, _constant(1.0)


def _counter(n: int) -> Shape:
    """A counter that is reset now and then, the first to zero, the others to something."""
    noise = random.Random(n + 7)  # noqa: S311 - a data set, not a secret
    total, values = float(n * 1000), []
    for _ in range(SAMPLES):
        total = noise.random() * n if noise.random() < 0.06 * (n + 1) else total + noise.random() * 10
        values.append(total)
    return _list(list(values))


def _every_so_often(n: int) -> Shape:
    noise = random.Random(n + 70)  # noqa: S311 - a data set, not a secret
    counter = _counter(n)
    here = [noise.random() < 0.6 for _ in range(SAMPLES)]
    return lambda sample: counter(sample) if here[sample] else None


def _list(values: list[Value]) -> Shape:
    return lambda sample: values[sample]


def _number(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    return ("+Inf" if value > 0 else "-Inf") if math.isinf(value) else repr(value)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
