"""Writing answers: the envelope, the completeness headers, and giving up when the client has gone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from functools import wraps
from typing import Any, Final, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from query.backends.outcome import Completeness
from query.execute.budget import Account
from query.execute.elements import size_of
from query.execute.metadata_answer import MetadataAnswer
from query.model.errors import GatewayError
from query.model.frames import Notes

STREAM_BYTES: Final = 1 << 20
CHUNK_BYTES: Final = 256 << 10
CLIENT_GONE_STATUS: Final = 499
Result = TypeVar("Result")


Handler = Callable[[Request], Awaitable[Response]]


class ClientGoneError(Exception):
    """The client closed the connection; nobody reads an answer any more."""


def guarded(handler: Handler, render: Callable[[GatewayError], Response]) -> Handler:
    """Return the handler with errors turned into answers by ``render``, cancelled when the client goes away."""

    @wraps(handler)
    async def guard(request: Request) -> Response:
        try:
            return await handler(request)
        except GatewayError as error:
            return render(error)
        except ClientGoneError:
            return Response(status_code=CLIENT_GONE_STATUS)

    return guard


def completeness_headers(complete: Completeness) -> dict[str, str]:
    """Return the headers that say which clusters an answer is made of."""
    headers = {
        "X-LMA-Complete": "true" if complete.is_complete else "false",
        "X-LMA-Clusters-Asked": ",".join(complete.asked),
    }
    if complete.missing:
        headers["X-LMA-Clusters-Missing"] = ",".join(f"{gap.cluster}={gap.failure.value}" for gap in complete.missing)
    return headers


def data_response(data: Any, notes: Notes, complete: Completeness | None = None) -> Response:
    """Return ``data`` in a success envelope."""
    return array_response(b"", [msgspec.json.encode(data)], b"", notes, complete)


def array_response(
    head: bytes,
    elements: Sequence[bytes],
    tail: bytes,
    notes: Notes,
    complete: Completeness | None,
    account: Account | None = None,
) -> Response:
    """Return ``elements``, joined by commas between ``head`` and ``tail``, in a success envelope.

    A large answer is streamed, so that it is never held twice; its ``account`` is closed when it has been sent.
    """
    headers = completeness_headers(complete) if complete is not None else {}
    parts = _parts(b'{"status":"success","data":' + head, elements, tail + _closing(notes))
    size = size_of(elements)
    if size < STREAM_BYTES:
        if account is not None:
            account.close()
        return Response(b"".join(parts), media_type="application/json", headers=headers)
    return StreamingResponse(_chunked(parts, account), media_type="application/json", headers=headers)


async def metadata_response(request: Request, work: Awaitable[MetadataAnswer]) -> Response:
    """Return what ``work`` answers, in a success envelope."""

    async def run() -> MetadataAnswer:
        return await work

    answer = await unless_gone(request, run())
    return data_response(answer.data, answer.notes, answer.completeness)


def error_response(status: int, kind: str, told: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return an error envelope."""
    body = msgspec.json.encode({"status": "error", "errorType": kind, "error": told})
    return Response(body, status_code=status, media_type="application/json", headers=headers)


def _parts(opening: bytes, elements: Iterable[bytes], closing: bytes) -> Iterable[bytes]:
    yield opening
    is_first = True
    for element in elements:
        if not is_first:
            yield b","
        is_first = False
        yield element
    yield closing


def _closing(notes: Notes) -> bytes:
    closing = b""
    if notes.warnings:
        closing += b',"warnings":' + msgspec.json.encode(notes.warnings)
    if notes.infos:
        closing += b',"infos":' + msgspec.json.encode(notes.infos)
    return closing + b"}"


async def _chunked(parts: Iterable[bytes], account: Account | None) -> AsyncIterator[bytes]:
    waiting: list[bytes] = []
    size = 0
    try:
        for part in parts:
            waiting.append(part)
            size += len(part)
            if size >= CHUNK_BYTES:
                yield b"".join(waiting)
                waiting, size = [], 0
        if waiting:
            yield b"".join(waiting)
    finally:
        if account is not None:
            account.close()


async def unless_gone(request: Request, work: Coroutine[Any, Any, Result]) -> Result:
    """Return what ``work`` returns, or cancel it and raise ``ClientGoneError`` when the client disconnects."""
    mine = asyncio.current_task()
    is_gone = False

    async def watch() -> None:
        nonlocal is_gone
        await _gone(request)
        is_gone = True
        if mine is not None:
            mine.cancel()

    watching = asyncio.create_task(watch())
    try:
        return await work
    except asyncio.CancelledError:
        if is_gone and mine is not None and mine.uncancel() == 0:
            raise ClientGoneError from None
        raise
    finally:
        watching.cancel()


async def _gone(request: Request) -> None:
    while True:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            return
