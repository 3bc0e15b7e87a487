"""From options to a client.

The token of the state folder belongs to a service on this machine, so it is sent to this machine only: a ``--url``
that names another host gets no token unless one is given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import typer

from lma.cli.options import DEFAULT_URL, TOKEN_FILE, Settings, default_state_dir

if TYPE_CHECKING:
    from lma.client import Client


TIMEOUT_S: Final = 130.0
"""Above the 120 s a gateway gives a query by default; a person who waits can press Ctrl-C sooner."""


def connect(context: typer.Context, url: str | None, token: str | None, *, timeout_s: float | None = None) -> Client:
    """Return a client for what the options say; the caller closes it. Raises ClientError."""
    from lma.client import Client  # noqa: PLC0415 — `lma --help` must not wait for an HTTP library

    server_url, server_token = settled(context, url, token)
    return Client(server_url, token=server_token, timeout_s=timeout_s or TIMEOUT_S)


def settled(context: typer.Context, url: str | None, token: str | None) -> tuple[str, str | None]:
    """Return the URL and the token that apply."""
    from lma.client.server import is_loopback  # noqa: PLC0415 — as above

    before = context.obj if isinstance(context.obj, Settings) else Settings()
    server_url = url or before.url or DEFAULT_URL
    server_token = token or before.token
    if server_token is None and is_loopback(server_url):
        server_token = local_token()
    return server_url, server_token


def local_token() -> str | None:
    """Return the admin token a service on this machine keeps, if it can be read."""
    try:
        return (default_state_dir() / TOKEN_FILE).read_text(encoding="utf-8").strip() or None
    except (OSError, UnicodeDecodeError):
        return None
