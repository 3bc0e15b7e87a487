"""Writes numbered lines to several Lokis and follows them through the gateway: is every line told exactly once?

``python -m tests.real.tailing --seconds 60 --rate 2000`` measures by hand what the tests do for a few seconds.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlencode

import httpx
import websockets.exceptions
from websockets.sync.client import connect

import lma.parts
from lma.demo.loki import Loki
from lma.demo.processes import Program
from tests.real.gateway import Gateway
from tests.real.supervisor import Supervisor

CLUSTERS: Final = ("north", "east", "south", "west")
BATCH_S: Final = 0.2
PUSH_TIMEOUT_S: Final = 2.0
STREAMS: Final = ("shop", "cart", "clock")
NS: Final = 1_000_000_000


class Writer:
    """Pushes ``per_s`` numbered lines a second to one Loki, each batch until it is taken."""

    def __init__(self, name: str, url: str, per_s: int) -> None:
        self._name = name
        self._url = f"{url}/loki/api/v1/push"
        self._per_batch = max(1, round(per_s * BATCH_S))
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.written: list[str] = []

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Write no more lines, and return when those that were begun have been taken."""
        self._stopping.set()
        self._thread.join(60)

    def _run(self) -> None:
        due_s = time.monotonic()
        with httpx.Client(timeout=PUSH_TIMEOUT_S, trust_env=False) as http:
            while not self._stopping.is_set():
                body = self._batch()
                while not self._push(http, body):
                    time.sleep(0.2)
                due_s += BATCH_S
                time.sleep(max(0.0, due_s - time.monotonic()))

    def _batch(self) -> dict[str, Any]:
        now_ns = time.time_ns()
        values: dict[str, list[list[str]]] = {app: [] for app in STREAMS}
        for number in range(self._per_batch):
            line = f"id={self._name}-{len(self.written)} level=info msg=request"
            self.written.append(line)
            values[STREAMS[number % len(STREAMS)]].append([str(now_ns + number), line])
        return {
            "streams": [
                {"stream": {"app": app, "job": "tail"}, "values": found} for app, found in values.items() if found
            ]
        }

    def _push(self, http: httpx.Client, body: dict[str, Any]) -> bool:
        try:
            return http.post(self._url, json=body).status_code == httpx.codes.NO_CONTENT
        except httpx.HTTPError:
            return False


@dataclass(slots=True)
class Reader:
    """Follows a query through the gateway and keeps what it is told; use as a context manager."""

    url: str
    query: str
    delay_s: int = 0
    lines: Counter[tuple[str, str]] = field(default_factory=Counter)
    dropped: int = 0
    warnings: list[str] = field(default_factory=list)
    inversions: int = 0
    ended: str = ""
    pause_s: float = 0.0
    _newest_ns: int = 0
    _stopping: threading.Event = field(default_factory=threading.Event)
    _opened: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        if not self._opened.wait(30):
            raise RuntimeError(f"no tail: {self.ended}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(15)

    def _run(self) -> None:
        asked = {"query": self.query, "start": str(time.time_ns()), "limit": "5000", "delay_for": str(self.delay_s)}
        url = f"{self.url.replace('http', 'ws', 1)}/loki/api/v1/tail?{urlencode(asked)}"
        try:
            with connect(url, max_size=None, proxy=None) as socket:
                self._opened.set()
                while not self._stopping.is_set():
                    try:
                        message = socket.recv(timeout=0.5)
                    except TimeoutError:
                        continue
                    self._take(json.loads(message))
                    time.sleep(self.pause_s)
        except (OSError, websockets.exceptions.WebSocketException) as error:
            self.ended = str(error)

    def _take(self, message: dict[str, Any]) -> None:
        found = []
        for stream in message.get("streams") or ():
            cluster = stream["stream"]["cluster"]
            found += [(int(at), cluster, line) for at, line, *_ in stream["values"]]
        for at_ns, cluster, line in sorted(found):
            self.inversions += at_ns < self._newest_ns
            self._newest_ns = max(self._newest_ns, at_ns)
            self.lines[cluster, line] += 1
        self.dropped += len(message.get("dropped_entries") or ())
        self.warnings += message.get("warnings") or ()

    def differences(self, writers: Mapping[str, Writer]) -> list[str]:
        """Return which lines were lost or told twice."""
        written = Counter((name, line) for name, writer in writers.items() for line in writer.written)
        found = [f"lost: {key}" for key in written - self.lines]
        return found + [f"{times} times too often: {key}" for key, times in (self.lines - written).items()]

    def wait_for(self, writers: Mapping[str, Writer], timeout_s: float) -> list[str]:
        """Wait until every line was told, at most so long; return what is wrong."""
        count = sum(len(writer.written) for writer in writers.values())
        deadline = time.monotonic() + timeout_s
        while sum(self.lines.values()) < count and time.monotonic() < deadline and not self.ended:
            time.sleep(0.2)
        time.sleep(2.0)  # long enough for a look that would tell something twice
        return self.differences(writers)


class TailFleet:
    """Lokis, and a gateway over them."""

    def __init__(self, supervisor: Supervisor, loki: Path, folder: Path, clusters: Sequence[str] = CLUSTERS) -> None:
        ports = supervisor.ports
        self._supervisor = supervisor
        self.lokis = {
            name: Loki(folder=folder / name, http_port=ports.take(), grpc_port=ports.take()) for name in clusters
        }
        supervisor.start(*(server.program(f"tail-{name}", loki) for name, server in self.lokis.items()))
        gateway = Gateway(
            folder=folder / "gateway",
            port=ports.take(),
            clusters=[{"name": name, "logs": {"url": server.url}} for name, server in self.lokis.items()],
            settings={"limits": {"cluster_timeout_s": 5}},
        )
        supervisor.start(gateway.program("tail-gateway"))
        self.url = gateway.url

    def writers(self, rate: int) -> dict[str, Writer]:
        """Return a writer for each Loki, together ``rate`` lines a second."""
        return {name: Writer(name, server.url, rate // len(self.lokis)) for name, server in self.lokis.items()}

    def pid(self, name: str) -> int:
        """Return the process id of a cluster's Loki."""
        return self._supervisor.pid(f"tail-{name}")

    def stop(self, name: str) -> Program:
        """Stop a cluster's Loki."""
        return self._supervisor.stop(f"tail-{name}")

    def start(self, program: Program) -> None:
        """Start it again."""
        self._supervisor.start(program)


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--rate", type=int, default=2_000)
    parser.add_argument("--query", default='{job="tail"} | logfmt')
    parser.add_argument("--delay", type=int, default=2)
    chosen = parser.parse_args()
    loki = lma.parts.ensure(["loki"])["loki"]
    with tempfile.TemporaryDirectory() as folder, Supervisor() as supervisor:
        fleet = TailFleet(supervisor, loki, Path(folder))
        writers = fleet.writers(chosen.rate)
        with Reader(fleet.url, chosen.query, delay_s=chosen.delay) as reader:
            began = time.monotonic()
            for writer in writers.values():
                writer.start()
            time.sleep(chosen.seconds)
            for writer in writers.values():
                writer.stop()
            took_s = time.monotonic() - began
            wrong = reader.wait_for(writers, 30)
        written = sum(len(writer.written) for writer in writers.values())
        print(f"{written} lines in {took_s:.1f} s ({written / took_s:.0f}/s) over {len(writers)} clusters")  # noqa: T201
        print(f"told {sum(reader.lines.values())}, dropped {reader.dropped}, out of order {reader.inversions}")  # noqa: T201
        print("\n".join(reader.warnings + wrong[:20]) or "every line exactly once")  # noqa: T201
        raise SystemExit(1 if wrong else 0)


if __name__ == "__main__":
    main()
