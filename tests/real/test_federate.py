"""Federation: what another Prometheus scrapes from the gateway is what it would scrape from one server."""

from __future__ import annotations

import struct
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cramjam
import httpx
import pytest

from lma.demo.prometheus import Prometheus
from query.wire.protobuf import bytes_field, double_field, fields, int_field, sint_field, varint
from tests.real.conftest import StartGateway
from tests.real.gateway import Gateway
from tests.real.remote_write import HEADERS
from tests.real.supervisor import Supervisor

STALE = struct.unpack("<d", struct.pack("<Q", 0x7FF0000000000002))[0]
NAMES = ("east", "west")
PROTOBUF = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"
BEHIND_MS = 20_000

NUMBERS: tuple[tuple[dict[str, str], float], ...] = (
    ({"__name__": "plain", "a": "1"}, 1.0),
    ({"__name__": "plain", "a": "2"}, 0.0),
    ({"__name__": "plain", "a": "3"}, 1e6),
    ({"__name__": "plain", "a": "4"}, 123456.789),
    ({"__name__": "plain", "a": "5"}, 1e-5),
    ({"__name__": "plain", "a": "6"}, 1.5e300),
    ({"__name__": "special", "a": "nan"}, float("nan")),
    ({"__name__": "special", "a": "inf"}, float("inf")),
    ({"__name__": "special", "a": "-inf"}, float("-inf")),
    ({"__name__": "odd", "text": 'quote " back \\ line \n end', "é.x": "ü"}, 3.0),
    ({"__name__": "with.dots", "a.b": "c"}, 4.0),
    ({"__name__": "has_instance", "instance": "host:1"}, 5.0),
    ({"__name__": "gone"}, STALE),
)


def _histogram(at_ms: int, *, gauge: bool = False, custom: bool = False) -> bytes:
    span = sint_field(1, 0) + int_field(2, 2)
    message = int_field(1, 7) + double_field(3, 12.5) + sint_field(4, -53 if custom else 1)
    if not custom:
        message += double_field(5, 0.001) + int_field(6, 1)
    message += bytes_field(11, span) + bytes_field(12, varint(8) + varint(1 if custom else 3))
    if gauge:
        message += int_field(14, 3)
    message += int_field(15, at_ms)
    if custom:
        message += bytes_field(16, struct.pack("<3d", 0.5, 1.0, 10.0))
    return message


def _series(labels: Mapping[str, str], samples: bytes) -> bytes:
    pairs = (bytes_field(1, bytes_field(1, n.encode()) + bytes_field(2, v.encode())) for n, v in sorted(labels.items()))
    return bytes_field(1, b"".join(pairs) + samples)


def _sample(value: float, at_ms: int) -> bytes:
    return bytes_field(2, double_field(1, value) + int_field(2, at_ms))


def _message(name: str, now_ms: int, *, with_cluster: bool) -> bytes:
    """Return a remote write of one cluster's series; the two clusters differ in their times and in one metric."""
    own = {"cluster": name, "zone": f"z-{name}"} if with_cluster else {}
    at_ms = now_ms - (0 if name == "east" else 1)
    message = b""
    for labels, value in NUMBERS:
        samples = _sample(value, at_ms)
        if value != value and labels["__name__"] == "gone":  # noqa: PLR0124 - NaN
            samples = _sample(1.0, at_ms - 1000) + samples
        message += _series({**labels, **own}, samples)
    message += _series({"__name__": f"only_{name}", **own}, _sample(1.0, at_ms - 1000) + _sample(2.0, at_ms))
    message += _series({"__name__": "latency", **own}, bytes_field(4, _histogram(at_ms)))
    message += _series({"__name__": "balance", **own}, bytes_field(4, _histogram(at_ms, gauge=True)))
    message += _series({"__name__": "sizes", **own}, bytes_field(4, _histogram(at_ms, custom=True)))
    return message


@dataclass(frozen=True, slots=True)
class Fresh:
    """Servers that hold samples of just now: the gateway over two clusters, and one with both clusters' series."""

    gateway: Gateway
    union: str


@pytest.fixture(scope="module")
def fresh(
    supervisor: Supervisor,
    binaries: Mapping[str, Path],
    start_gateway: StartGateway,
    tmp_path_factory: pytest.TempPathFactory,
    http: httpx.Client,
) -> Fresh:
    folder = tmp_path_factory.mktemp("fresh")
    servers = {
        name: Prometheus(
            folder=folder / name,
            port=supervisor.ports.take(),
            external_labels={} if name == "union" else {"cluster": name, "zone": f"z-{name}", "replica": "a"},
            extra_args=("--web.enable-remote-write-receiver",),
        )
        for name in (*NAMES, "union")
    }
    supervisor.start(*(server.program(f"fresh-{name}", binaries["prometheus"]) for name, server in servers.items()))
    now_ms = int(time.time() * 1000) - BEHIND_MS
    for name in NAMES:
        for url, with_cluster in ((servers[name].url, False), (servers["union"].url, True)):
            body = bytes(cramjam.snappy.compress_raw(_message(name, now_ms, with_cluster=with_cluster)))
            answer = http.post(f"{url}/api/v1/write", content=body, headers=HEADERS)
            assert answer.is_success, answer.text
    clusters = [
        {"name": name, "labels": {"zone": f"z-{name}"}, "metrics": {"url": servers[name].url}} for name in NAMES
    ]
    return Fresh(start_gateway("fresh", clusters), servers["union"].url)


SELECTIONS: tuple[list[str], ...] = (
    ['{__name__=~".+"}'],
    ["plain"],
    ["plain", "special", 'plain{a="1"}'],
    ['plain{cluster="east"}'],
    ['{cluster!="east",__name__=~"plain|only_.*"}'],
    ['{zone="z-west",a=""}'],
    ['plain{replica="a"}'],
    ["no_such_metric"],
    [],
)
ACCEPTS = (
    "",
    "*/*",
    "text/plain;version=0.0.4",
    "text/plain;version=0.0.4;escaping=allow-utf-8",
    "text/plain;version=1.0.0;escaping=values;q=0.5,text/plain;version=0.0.4;escaping=dots;q=0.4",
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8,text/plain;version=0.0.4;q=0.3",
    "application/json",
)


def _get(http: httpx.Client, base: str, matches: list[str], accept: str) -> httpx.Response:
    return http.get(f"{base}/federate", params={"match[]": matches}, headers={"Accept": accept})


@pytest.mark.parametrize("matches", SELECTIONS, ids=str)
@pytest.mark.parametrize("accept", ACCEPTS)
def test_the_text_is_that_of_one_server(accept: str, matches: list[str], fresh: Fresh, http: httpx.Client) -> None:
    expected = _get(http, fresh.union, matches, accept)
    got = _get(http, fresh.gateway.prometheus_url, matches, accept)
    assert (got.status_code, got.headers["content-type"]) == (expected.status_code, expected.headers["content-type"])
    assert sorted(got.text.splitlines()) == sorted(expected.text.splitlines())


@pytest.mark.parametrize("accept", [PROTOBUF, f"{PROTOBUF};escaping=allow-utf-8,text/plain;q=0.1"])
def test_protocol_buffers_hold_what_those_of_one_server_hold(accept: str, fresh: Fresh, http: httpx.Client) -> None:
    expected = _get(http, fresh.union, ['{__name__=~".+"}'], accept)
    got = _get(http, fresh.gateway.prometheus_url, ['{__name__=~".+"}'], accept)
    assert got.headers["content-type"] == expected.headers["content-type"]
    assert sorted(map(_decoded, _families(got.content))) == sorted(map(_decoded, _families(expected.content)))
    assert len(list(_families(got.content))) >= 9


def _families(body: bytes) -> Iterator[memoryview]:
    framed = memoryview(body)
    at = 0
    while at < len(framed):
        size = shift = 0
        while True:
            byte = framed[at]
            at += 1
            size |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        yield framed[at : at + size]
        at += size


NESTED: Mapping[tuple[int, ...], bool] = {(4,): True, (4, 1): True, (4, 7): True, (4, 7, 3): True, (4, 5): True}


def _decoded(message: memoryview, path: tuple[int, ...] = ()) -> str:
    """Return a message as text: fields in any order but for those of a histogram, zeros left out of spans."""
    parts: list[Any] = []
    for number, _, value in fields(message):
        if isinstance(value, memoryview) and (*path, number) in NESTED:
            parts.append((number, _decoded(value, (*path, number))))
        elif isinstance(value, memoryview) and path == (4, 7) and number in {9, 12}:
            parts.append((number, str(sorted((field, inner) for field, _, inner in fields(value) if inner))))
        else:
            parts.append((number, value.hex() if isinstance(value, memoryview) else str(value)))
    return repr(sorted(parts) if path != (4, 7) else parts)


@pytest.mark.parametrize("query", ["match[]=(", "match[]=sum(up)", "match[]=up&x=%zz", "match[]={}"])
def test_what_is_no_selector_is_refused_as_upstream_refuses(query: str, fresh: Fresh, http: httpx.Client) -> None:
    expected, got = (http.get(f"{base}/federate?{query}") for base in (fresh.union, fresh.gateway.prometheus_url))
    assert (got.status_code, got.headers["content-type"]) == (expected.status_code, expected.headers["content-type"])
    if expected.status_code != 200:
        assert got.text == expected.text
