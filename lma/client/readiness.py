"""Asking whether a server is ready to answer, ``/-/ready``."""

from __future__ import annotations

from lma.client.call import Call, Request


def ready() -> Call[None]:
    """Succeed if the server is ready; it answers 503 while it is not."""
    return Call(Request("GET", "/-/ready"), lambda _: None)
