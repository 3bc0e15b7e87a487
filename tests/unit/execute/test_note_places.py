"""A note of a cluster gives the place in the user's text, or none."""

import pytest

from query.execute.note_places import placed
from query.model.frames import Notes

LEGS = 'label_replace(sum(rate(x[5m])), "l", "x", "", "") or label_replace(count(rate(x[5m])), "l", "count", "", "")'


@pytest.mark.parametrize(
    ("sent", "column", "text", "place"),
    [
        ("rate(x[5m])", 6, "rate(x[5m])", "(1:6)"),
        ("rate(x[5m])", 6, 'rate( x{cluster="a"}[5m])', "(1:7)"),
        ("rate(x[5m])", 6, 'sum by (cluster) (\n  rate(x{cluster="a"}[5m])\n) / y', "(2:8)"),
        ("rate(x[5m])", 6, "sum(rate(x[5m])) / sum(rate(x[1m]))", ""),
        ("rate(x[5m]) / rate(x[1m])", 20, "rate(x[5m])/rate(x[1m])", "(1:18)"),
        (LEGS, LEGS.index("x[5m]") + 1, "avg(rate(x[5m]))", "(1:10)"),
        (LEGS, LEGS.rindex("x[5m]") + 1, "avg(rate(x[5m]))", "(1:10)"),
        ("quantile(2, x)", 10, 'quantile(2, x{cluster="a"})', "(1:10)"),
        ("rate(x[5m])", 6, "rate({__name__='y'}[5m])", ""),
        ("rate(x[5m])", 400, "rate(y[5m])", ""),
        ("rate(x[5m])", 6, "# größe\nrate(x[5m])", "(2:6)"),
    ],
)
def test_the_place_is_that_in_the_users_text(sent: str, column: int, text: str, place: str) -> None:
    told = placed(Notes(infos=(f"PromQL info: odd (2) (1:{column})",)), sent, text)
    assert told == Notes(infos=(f"PromQL info: odd (2) {place}".rstrip(),))


def test_what_becomes_the_same_is_told_once() -> None:
    columns = [LEGS.index("x[5m]") + 1, LEGS.rindex("x[5m]") + 1]
    notes = Notes(tuple(f"PromQL warning: odd (1:{column})" for column in columns), ("no place",))
    assert placed(notes, LEGS, "avg(rate(x[5m]))") == Notes(("PromQL warning: odd (1:10)",), ("no place",))
