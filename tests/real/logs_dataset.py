"""The generated logs: three clusters' streams over 45 minutes, the same shape in every run.

Times are relative to the run's ``base``, since a Loki answers recent logs from its ingesters' memory and old ones only
from chunks that were flushed. Everything else is drawn from a seed. What is in here on purpose:

* equal timestamps: within a stream, between streams, between clusters; so every ``limit`` cuts through a tie,
* equal lines in several clusters, in streams with equal labels,
* logfmt, JSON (nested, and broken now and then) and free text; several lines in one, odd characters,
* streams that only one cluster has; structured metadata on some entries;
* a parsed field ``region`` that some clusters' constant labels are called, too.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tests.real.dataset import CLUSTERS, DataCluster

NS: Final = 1_000_000_000
SPAN_S: Final = 2_700
PUSH_ENTRIES: Final = 2_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One log line; ``metadata`` is its structured metadata."""

    at_ns: int
    line: str
    metadata: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream of one cluster, without the cluster's constant labels; entries in order of time."""

    labels: Mapping[str, str]
    entries: tuple[Entry, ...]


def log_streams(cluster: DataCluster, base_s: int) -> list[Stream]:
    """Return a cluster's streams, from ``base_s`` (Unix seconds) on."""
    rng = random.Random(f"logs/{cluster.name}")  # noqa: S311 - a data set, not a secret
    streams = [
        Stream({"app": "shop", "env": "prod", "level": level}, tuple(_logfmt(rng, base_s, level)))
        for level in ("info", "warn", "error")
    ]
    streams.append(Stream({"app": "cart", "env": "staging", "pod": "cart-0"}, tuple(_json(rng, base_s))))
    streams.append(Stream({"app": "clock", "env": "prod"}, tuple(_ticks(base_s))))
    streams.append(Stream({"app": "odd", "env": "prod", "text": 'quote " back\\slash'}, tuple(_odd(base_s))))
    if cluster.name == "tokyo":
        streams.append(Stream({"app": "billing", "env": "prod"}, tuple(_logfmt(rng, base_s, "info", every_s=20))))
    return streams


def push_bodies(base_s: int, clusters: tuple[DataCluster, ...], *, with_constants: bool) -> Iterator[dict[str, Any]]:
    """Yield bodies for Loki's push API that load the clusters' streams."""
    for cluster in clusters:
        for stream in log_streams(cluster, base_s):
            labels = {**stream.labels, **(cluster.constants if with_constants else {})}
            for first in range(0, len(stream.entries), PUSH_ENTRIES):
                part = stream.entries[first : first + PUSH_ENTRIES]
                values = [[str(entry.at_ns), entry.line, dict(entry.metadata)] for entry in part]
                yield {"streams": [{"stream": labels, "values": values}]}


def entry_count(base_s: int, clusters: tuple[DataCluster, ...] = CLUSTERS) -> int:
    """Return how many entries the clusters hold together."""
    return sum(len(stream.entries) for cluster in clusters for stream in log_streams(cluster, base_s))


def _logfmt(rng: random.Random, base_s: int, level: str, every_s: int = 5) -> Iterator[Entry]:
    for at_s in range(base_s, base_s + SPAN_S, every_s):
        for _ in range(rng.choice((0, 1, 1, 2))):
            status = rng.choice((200, 200, 201, 404)) if level == "info" else rng.choice((500, 503, 404))
            fields = [
                f"level={level}",
                f"method={rng.choice(('GET', 'POST'))}",
                f"path=/{rng.choice(('items', 'orders', 'cart'))}",
                f"status={status}",
                f"duration={rng.randrange(1, 900)}ms",
                f"bytes={rng.randrange(100, 9000)}",
                f"region=r{rng.randrange(3)}",
                f'msg="request {rng.randrange(1 << 30):08x} done"',
            ]
            metadata = {"trace_id": f"t{rng.randrange(3)}"} if rng.random() < 0.1 else {}
            yield Entry(at_s * NS, " ".join(fields), metadata)


def _json(rng: random.Random, base_s: int) -> Iterator[Entry]:
    for at_s in range(base_s, base_s + SPAN_S, 10):
        for number in range(rng.randrange(3)):
            body = {
                "status": rng.choice((200, 409, 500)),
                "took": rng.randrange(8, 800) / 8,
                "user": {"id": f"u{rng.randrange(9)}", "plan": rng.choice(("free", "pro"))},
                "items": rng.randrange(5),
                "n": number,
            }
            text = json.dumps(body)
            yield Entry(at_s * NS + number * 1_000, text[:-9] if rng.random() < 0.05 else text, {})


def _ticks(base_s: int) -> Iterator[Entry]:
    """The same lines at the same times in every cluster."""
    for at_s in range(base_s, base_s + SPAN_S, 30):
        for second in ("tick", "tock"):
            yield Entry(at_s * NS, f"{second} {(at_s - base_s) // 30}", {})


def _odd(base_s: int) -> Iterator[Entry]:
    lines = (
        "two\nlines",
        'a "quoted" word and a back\\slash',
        "ünïcödé 한국 😀",
        "{{ .template }} {not json} =;",
        " leading and trailing spaces ",
        "\ttab",
        "100% [bracket] (paren) *star* ^$",
    )
    for index, line in enumerate(lines):
        yield Entry((base_s + 60 + index) * NS + index, line, {})
