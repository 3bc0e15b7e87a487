"""Where a client talks to, and what the HTTP and WebSocket libraries' exceptions are to a user.

The one place that knows those exceptions; both clients send through it.
"""

from __future__ import annotations

import ipaddress
import logging
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode, urlsplit, urlunsplit

import httpx
from websockets import exceptions as ws

from lma.client import errors
from lma.client.call import Answer, Request
from lma.client.problems import problem_of

_LOG: Final = logging.getLogger("lma.client.websocket")
_LOG.addHandler(logging.NullHandler())  # or the library's tracebacks would go to stderr where nobody set logging up
PING_S: Final = 10.0
"""How often a tail is asked whether it lives, and how long it has to say so."""

USER_AGENT: Final = "lma-client"
DEFAULT_TIMEOUT_S: Final = 60.0
"""Above the 30 s a gateway gives a slow cluster by default, or its partial answer would come to nobody."""
CONNECT_TIMEOUT_S: Final = 10.0
FOREIGN_ERRORS: Final = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, ws.WebSocketException, OSError)
"""Everything ``translate`` takes; what else comes out of a library is a bug and stays what it is."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server: ``url`` is its root (a path prefix is kept), ``token`` goes as a bearer token."""

    url: str
    token: str | None
    timeout_s: float

    @classmethod
    def of(cls, url: str, token: str | None, timeout_s: float) -> Server:
        """Check and keep what a user gave; raises InvalidRequestError."""
        text = url.strip()
        try:
            parts = urlsplit(text)
            is_usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
            is_usable = is_usable and not any(c.isspace() for c in text)
            httpx.URL(text)
        except (ValueError, httpx.InvalidURL):
            is_usable = False
        if not is_usable:
            raise errors.InvalidRequestError(
                f"{url!r} is not the URL of a server", remedy="give one such as http://127.0.0.1:9090"
            )
        if not timeout_s > 0:
            raise errors.InvalidRequestError(f"timeout_s is {timeout_s}", remedy="give seconds above zero")
        if token is not None and not (token.isascii() and token.isprintable()):
            raise errors.InvalidRequestError(
                "the token holds characters that no token has", remedy="copy it again, without line breaks"
            )
        return cls(text.rstrip("/"), token or None, timeout_s)

    @property
    def shown(self) -> str:
        """The URL without a password in it."""
        parts = urlsplit(self.url)
        host = parts.netloc.rpartition("@")[2]
        return urlunsplit(parts._replace(netloc=host))

    @property
    def headers(self) -> dict[str, str]:
        """Headers of every request."""
        headers = {"User-Agent": USER_AGENT, "Accept": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        return headers

    @property
    def httpx_options(self) -> dict[str, Any]:
        """How either httpx client is made. A proxy of the environment is not asked for servers on this machine."""
        return {
            "headers": self.headers,
            "timeout": httpx.Timeout(self.timeout_s, connect=min(self.timeout_s, CONNECT_TIMEOUT_S)),
            "follow_redirects": True,
            "trust_env": not is_loopback(self.url),
        }

    def websocket_options(self, request: Request) -> dict[str, Any]:
        """Return how either library opens the WebSocket of ``request``."""
        authorization = {name: value for name, value in self.headers.items() if name == "Authorization"}
        return {
            "additional_headers": {**authorization, **dict(request.headers)},
            "user_agent_header": USER_AGENT,
            "open_timeout": self.timeout_s,
            "close_timeout": 1,
            "ping_interval": PING_S,
            "ping_timeout": PING_S,
            "logger": _LOG,
            "max_size": MAX_MESSAGE_BYTES,
            "proxy": None if is_loopback(self.url) else True,
        }

    def http_arguments(self, request: Request) -> dict[str, Any]:
        """Return the request as the arguments httpx takes."""
        return {
            "method": request.method,
            "url": f"{self.url}{request.path}",
            "params": list(request.params) or None,
            "data": dict(request.form) or None,
            "json": request.body,
            "headers": dict(request.headers),
        }

    def websocket_url(self, request: Request) -> str:
        """Return the request as the URL of a WebSocket."""
        scheme, _, rest = self.url.partition("://")
        return f"{'wss' if scheme == 'https' else 'ws'}://{rest}{request.path}?{urlencode(request.params)}"

    def answer(self, response: httpx.Response) -> Answer:
        """Return a response that was read to its end."""
        url = f"{self.shown}{response.request.url.path.removeprefix(urlsplit(self.url).path)}"
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status_code, headers, response.content, url)

    def translate(self, error: BaseException) -> errors.ClientError:
        """Return what one of FOREIGN_ERRORS is to a user."""
        if isinstance(error, ws.InvalidStatus):
            return self._refused_upgrade(error)
        if isinstance(error, httpx.ConnectTimeout):
            return errors.UnreachableError(
                f"cannot reach {self.shown}: nobody answers", remedy="check the host and port, and what is between"
            )
        if isinstance(error, httpx.TimeoutException | TimeoutError):
            return errors.TimedOutError(
                f"{self.shown} did not answer within {self.timeout_s:g} s",
                remedy="ask for less, or allow more time",
            )
        if isinstance(error, ws.ConnectionClosed):
            return errors.UnreachableError(f"{self.shown} closed the connection{_reason(error)}")
        if isinstance(error, httpx.DecodingError | httpx.TooManyRedirects | ws.InvalidHandshake):
            return errors.ProtocolError(f"{self.shown} does not speak this protocol: {error}", remedy="check the URL")
        if isinstance(error, httpx.RemoteProtocolError | httpx.ReadError):
            return errors.UnreachableError(
                f"{self.shown} cut the connection before the answer was whole: {error}",
                remedy="try again, or look at the server's log",
            )
        return errors.UnreachableError(
            f"cannot reach {self.shown}: {str(error) or type(error).__name__}",
            remedy="check that it runs (`lma serve` or `lma gateway`) and that the URL is right",
        )

    def _refused_upgrade(self, error: ws.InvalidStatus) -> errors.ClientError:
        response = error.response
        headers = {name.lower(): value for name, value in response.headers.raw_items()}
        problem = problem_of(
            status=response.status_code, headers=headers, body=bytes(response.body or b""), url=self.shown
        )
        return problem or errors.ProtocolError(
            f"{self.shown} answered a WebSocket with status {response.status_code}", status=response.status_code
        )


MAX_MESSAGE_BYTES: Final = 64 << 20


def is_loopback(url: str) -> bool:
    """Tell whether a URL names this machine by ``localhost`` or a loopback address."""
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _reason(error: ws.ConnectionClosed) -> str:
    return f": {error.rcvd.reason}" if error.rcvd is not None and error.rcvd.reason else ""
