"""Answers are compressed as the client likes, and come out as they went in."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Callable

import cramjam
import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from query.app.compression import Compression, choose_encoding

TEXT = b"".join(b'[%d,"%d"],' % (1_750_000_000 + step, step * 7) for step in range(50_000))
DECODERS: dict[str, Callable[[bytes], bytes]] = {
    "zstd": lambda body: bytes(cramjam.zstd.decompress(body)),
    "gzip": lambda body: zlib.decompress(body, 31),
    "deflate": zlib.decompress,
}


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("", ""),
        ("identity", ""),
        ("br", ""),
        ("gzip", "gzip"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("deflate", "deflate"),
        ("zstd;q=0, gzip;q=0.5", "gzip"),
        ("*", "zstd"),
        ("*, zstd;q=0.0", "gzip"),
        ("GZIP ; q=1", "gzip"),
        (";;,=,q", ""),
    ],
)
def test_the_encoding_is_negotiated(accepted: str, encoding: str) -> None:
    assert choose_encoding(accepted) == encoding


async def _whole(_: Request) -> Response:
    return Response(TEXT, media_type="application/json")


async def _short(_: Request) -> Response:
    return Response(b"short", media_type="application/json")


async def _coded(_: Request) -> Response:
    return Response(TEXT, headers={"Content-Encoding": "snappy"})


async def _events(_: Request) -> Response:
    return Response(TEXT, media_type="text/event-stream")


async def _pieces(_: Request) -> Response:
    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(TEXT), 100_000):
            yield TEXT[start : start + 100_000]

    return StreamingResponse(pieces(), media_type="application/json")


def _client() -> httpx.AsyncClient:
    routes = [Route(f"/{one.__name__[1:]}", one) for one in (_whole, _short, _coded, _events, _pieces)]
    app = Compression(Starlette(routes=routes), minimum_bytes=1000)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://here")


async def _get(path: str, accepted: str) -> tuple[httpx.Headers, bytes]:
    async with (
        _client() as client,
        client.stream("GET", f"/{path}", headers={"Accept-Encoding": accepted}) as response,
    ):
        return response.headers, b"".join([piece async for piece in response.aiter_raw()])


@pytest.mark.parametrize("encoding", list(DECODERS))
@pytest.mark.parametrize("path", ["whole", "pieces"])
async def test_what_is_compressed_comes_out_whole(path: str, encoding: str) -> None:
    headers, body = await _get(path, encoding)
    assert headers["content-encoding"] == encoding
    assert headers["vary"] == "Accept-Encoding"
    assert headers.get("content-length", str(len(body))) == str(len(body))
    assert len(body) < len(TEXT) // 2
    assert DECODERS[encoding](body) == TEXT


@pytest.mark.parametrize(("path", "coding"), [("short", None), ("coded", "snappy"), ("events", None)])
async def test_some_answers_are_passed_on_as_they_are(path: str, coding: str | None) -> None:
    headers, body = await _get(path, "gzip, zstd")
    assert headers.get("content-encoding") == coding
    assert body == (b"short" if path == "short" else TEXT)


async def test_who_takes_no_encoding_gets_none() -> None:
    headers, body = await _get("whole", "identity")
    assert "content-encoding" not in headers
    assert headers["vary"] == "Accept-Encoding"
    assert body == TEXT
