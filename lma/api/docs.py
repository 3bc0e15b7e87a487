"""``/docs``: the OpenAPI document as a page that works without the Internet.

FastAPI's own page loads its scripts from a CDN, which an air-gapped operator can't reach and a strict content policy
forbids. This one is a single file that reads ``/openapi.json`` of the same server.
"""

from __future__ import annotations

import base64
import hashlib
import re
from importlib.resources import files
from typing import Final

from fastapi import APIRouter, Response

_PAGE: Final = files("lma.api").joinpath("docs.html").read_text(encoding="utf-8")


def create_router() -> APIRouter:
    """Return the route of the page."""
    router = APIRouter()
    headers = {"Content-Security-Policy": content_policy(_PAGE), "Cache-Control": "no-cache"}

    @router.get("/docs", include_in_schema=False)
    async def docs() -> Response:
        return Response(_PAGE, headers=headers, media_type="text/html; charset=utf-8")

    return router


def content_policy(page: str) -> str:
    """Return a policy that allows exactly the inline script and style of ``page`` and its own server."""
    script, style = (_hash_of(tag, page) for tag in ("script", "style"))
    return (
        f"default-src 'none'; script-src {script}; style-src {style}; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def _hash_of(tag: str, page: str) -> str:
    found = re.search(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
    if found is None:
        raise ValueError(f"the page has no inline <{tag}>")
    digest = hashlib.sha256(found[1].encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
