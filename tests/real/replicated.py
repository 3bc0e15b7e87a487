"""A cluster with two Prometheus replicas that missed different scrapes, and a third server that holds its history.

::

    history  |#############|
    a                      |#######....##############|       (a gap at GAP_A)
    b                      |##############....#######|       (a gap at GAP_B)
                        RECENT                      END

One Thanos Query over the sidecars of all three is the complete view. ``whole`` is a Prometheus that missed nothing and
whose series carry the cluster's labels: where a replica has no gap its answer is the right one. The counter is reset
every half hour, which Thanos hides.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lma.demo.prometheus import Prometheus
from lma.demo.thanos import Query, Sidecar
from tests.real.supervisor import Supervisor

STEP_S: Final = 15
RECENT_S: Final = 1_750_003_200
"""A border between two-hour blocks."""
START_S: Final = RECENT_S - 7_200
END_S: Final = RECENT_S + 7_200
GAP_A: Final = (RECENT_S + 1_800, RECENT_S + 1_900)
GAP_B: Final = (RECENT_S + 5_400, RECENT_S + 5_500)
UNREACHABLE_B: Final = (RECENT_S + 3_600, RECENT_S + 3_900)
"""When one target did not answer replica b, but did answer a."""
INSTANCES: Final = ("one", "two", "three")
CLUSTER: Final = "seoul"
EXTERNAL: Final = {"cluster": CLUSTER, "prometheus": "monitoring/main"}
"""What the sidecars add beside ``replica``; the gateway is told of ``cluster`` only."""
Holds = Callable[[str, int], bool]


@dataclass(frozen=True, slots=True)
class Replicated:
    """URLs of the running servers."""

    a: str
    b: str
    complete: str
    whole: str


def start_replicated(supervisor: Supervisor, binaries: Mapping[str, Path], folder: Path) -> Replicated:
    """Write the data and start every server."""
    ports = supervisor.ports
    holdings: Mapping[str, Holds] = {
        "history": lambda _, at: at < RECENT_S,
        "a": lambda _, at: at >= RECENT_S and not GAP_A[0] <= at < GAP_A[1],
        "b": lambda _, at: at >= RECENT_S and not GAP_B[0] <= at < GAP_B[1],
        "whole": lambda _, at: at >= START_S,
    }
    servers: dict[str, Prometheus] = {}
    for name, holds in holdings.items():
        labels = EXTERNAL if name == "whole" else {}
        _load(binaries["promtool"], folder / name, holds, labels, is_b=name == "b")
        servers[name] = Prometheus(
            folder=folder / name, port=ports.take(), external_labels={**EXTERNAL, "replica": name}
        )
    supervisor.start(
        *(server.program(f"replicated-{name}", binaries["prometheus"]) for name, server in servers.items())
    )
    sidecars = {
        name: Sidecar(folder=folder / f"{name}-side", http_port=ports.take(), grpc_port=ports.take(), prometheus=server)
        for name, server in servers.items()
        if name != "whole"
    }
    supervisor.start(*(side.program(f"side-{name}", binaries["thanos"]) for name, side in sidecars.items()))
    query = Query(
        folder=folder / "query",
        http_port=ports.take(),
        grpc_port=ports.take(),
        endpoints=tuple(side.grpc_address for side in sidecars.values()),
    )
    supervisor.start(query.program("replicated-query", binaries["thanos"]))
    supervisor.run(query.wait_for_stores())
    return Replicated(servers["a"].url, servers["b"].url, query.url, servers["whole"].url)


def _load(promtool: Path, folder: Path, holds: Holds, labels: Mapping[str, str], *, is_b: bool) -> None:
    folder.mkdir(parents=True)
    more = "".join(f',{name}="{value}"' for name, value in labels.items())
    text = folder / "data.om"
    with text.open("w", encoding="utf-8") as out:
        out.write("# TYPE up gauge\n")
        out.writelines(
            f'up{{job="app",instance="{one}"{more}}} {value} {at}\n' for one, at, value in _up(holds, is_b=is_b)
        )
        out.write("# TYPE work counter\n")
        for number, one in enumerate(INSTANCES):
            out.writelines(
                f'work_total{{job="app",instance="{one}"{more}}} {(at // STEP_S % 120) * (number + 1)} {at}\n'
                for at in _scrapes(one)
                if holds(one, at) and not (is_b and _is_unreachable(one, at))
            )
        out.write("# EOF\n")
    data = folder / "data"
    command: list[str | Path] = [promtool, "tsdb", "create-blocks-from", "openmetrics", "--quiet", text, data]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    text.unlink()


def _up(holds: Holds, *, is_b: bool) -> Iterator[tuple[str, int, int]]:
    for one in INSTANCES:
        for at in _scrapes(one):
            if holds(one, at):
                yield one, at, 0 if is_b and _is_unreachable(one, at) else 1


def _scrapes(instance: str) -> range:
    phase = INSTANCES.index(instance) * 4
    return range(START_S + phase, END_S, STEP_S)


def _is_unreachable(instance: str, at: int) -> bool:
    return instance == "two" and UNREACHABLE_B[0] <= at < UNREACHABLE_B[1]
