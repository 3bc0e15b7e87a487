"""How a cluster is reached when its URL alone is not enough: TLS of its own, a credential, a proxy.

A transport belongs to one server. Its credential is sent to URLs of that server and to nothing else: a cluster's other
endpoints, which somebody typed, never see it. What the credential is (a token that is renewed, one that is minted for
each quarter of an hour) is the ``Authorizer``'s business; a 401 asks it once for a newer one.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from yarl import URL


class Authorizer(Protocol):
    """Knows the headers that let a request in."""

    async def headers(self) -> Mapping[str, str]:
        """Return the headers for a request that is sent now; ``BackendError`` if there can be none."""
        ...

    async def renew(self, refused: Mapping[str, str]) -> bool:
        """Replace what was just refused; tell whether there is something newer to try."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Transport:
    """The way to the server at ``base``. Compared by identity: a new one means new connections."""

    base: str
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    authorizer: Authorizer | None = field(default=None, repr=False)
    proxy: str | None = field(default=None, repr=False)
    server_name: str | None = None

    def covers(self, url: str) -> bool:
        """Tell whether a URL is of this server: same scheme, host and port, and not above its path."""
        mine, other = URL(self.base), URL(url)
        path = mine.path.rstrip("/")
        same = (mine.scheme, mine.host, mine.port) == (other.scheme, other.host, other.port)
        return same and (not path or f"{other.path}/".startswith(f"{path}/"))
