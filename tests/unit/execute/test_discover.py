"""Which labels a backend shows, and when that contradicts its registration."""

import asyncio

import pytest

from query.backends.base import Backend, BackendError, Deadline, Failure
from query.execute.discover import discover
from query.execute.fanout import Member
from query.execute.membership import Membership
from query.model.clusters import Cluster, ClusterName


class Probe:
    """Answers from what is written down per backend: label -> (values, is it absent somewhere)."""

    def __init__(self, shown: dict[str, tuple[tuple[str, ...], bool]], error: BackendError | None = None) -> None:
        self.shown = shown
        self.error = error
        self.asked = 0

    async def values(self, _backend: Backend, name: str, _deadline: Deadline, /) -> tuple[str, ...]:
        self.asked += 1
        await asyncio.sleep(0)
        if self.error is not None:
            raise self.error
        return self.shown.get(name, ((), True))[0]

    async def is_absent_somewhere(self, _backend: Backend, name: str, _deadline: Deadline, /) -> bool:
        return self.shown[name][1]


class Nothing:
    async def send(self, *_: object) -> object:
        raise AssertionError("the probe does not send")

    async def aclose(self) -> None:
        pass


BACKEND: Backend = Nothing()  # type: ignore[assignment]
SEOUL = Cluster(ClusterName("seoul"), {"cluster": "seoul", "region": "kr"})


def soon() -> Deadline:
    return Deadline.after(10)


@pytest.mark.parametrize(
    ("shown", "names", "conflict"),
    [
        ({}, set(), ""),
        ({"cluster": (("seoul",), False)}, {"cluster"}, ""),
        ({"cluster": (("prod-1",), False)}, set(), ""),
        ({"cluster": (("seoul",), True)}, set(), "only a part of its data has the label 'cluster'"),
        ({"cluster": (("a", "b"), False)}, set(), "several values of the label 'cluster' ('a', 'b')"),
        ({"region": (("kr", "us"), True)}, set(), "several values of the label 'region'"),
    ],
)
async def test_what_is_found(shown: dict[str, tuple[tuple[str, ...], bool]], names: set[str], conflict: str) -> None:
    found = await discover(Probe(shown), SEOUL, BACKEND, soon())
    assert found.shown == names
    assert conflict in found.conflict
    assert bool(found.conflict) == bool(conflict)


async def test_a_member_is_looked_at_once_and_settles() -> None:
    probe = Probe({"cluster": (("seoul",), False)})
    membership = Membership(probe, "cluster", 10)
    member = Member(SEOUL, BACKEND)
    membership.replace([member])
    for _ in range(3):
        settled, missing = await membership.settle([member], soon())
        assert settled[SEOUL.name].cluster.shown == {"cluster"}
        assert not missing
    assert probe.asked == 2


async def test_a_cluster_that_does_not_answer_is_missing_and_asked_again() -> None:
    probe = Probe({}, BackendError(Failure.UNREACHABLE, "down"))
    membership = Membership(probe, "cluster", 10)
    member = Member(SEOUL, BACKEND)
    membership.replace([member])
    _, missing = await membership.settle([member], soon())
    assert missing[SEOUL.name].failure is Failure.UNREACHABLE
    probe.error = None
    settled, missing = await membership.settle([member], soon())
    assert not missing
    assert SEOUL.name in settled


async def test_two_clusters_that_show_the_same_value_are_both_left_out() -> None:
    membership = Membership(Probe({"cluster": (("shared",), False)}), "cluster", 10)
    members = [Member(Cluster(ClusterName(name), {"cluster": name}), BACKEND) for name in ("a", "b")]
    membership.replace(members)
    settled, missing = await membership.settle(members, soon())
    assert settled == {}
    assert {gap.failure for gap in missing.values()} == {Failure.CONFLICT}
    assert "counted twice" in missing[ClusterName("a")].detail
    membership.replace(members[:1])
    settled, missing = await membership.settle(members[:1], soon())
    assert (set(settled), missing) == ({"a"}, {})
