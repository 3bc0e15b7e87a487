"""Everything the client raises, as one tree.

::

    ClientError                  root; str() is fit to be shown: what happened, then what to do
    ├── UnreachableError         no answer: refused, unknown host, TLS, cut off midway
    │   └── TimedOutError        no answer within the client's timeout_s
    ├── AuthError                401, 403: the token is missing, wrong, or not allowed to
    ├── InvalidRequestError      400: a parameter can't be used (also raised before anything is sent)
    │   ├── BadQueryError        … the query; carries line and column where the server names them
    │   └── WrongKindError       … the query is right, but answers with another kind of result
    ├── QueryFailedError         422: the query is well formed, but can't be computed
    ├── IncompleteError          clusters did not answer, and strict mode or the query leaves no part answer
    ├── NotFoundError            404: no such endpoint, no such cluster
    ├── ConflictError            409: the name or the endpoint is taken
    ├── ServerError              429, 5xx: the server could not
    └── ProtocolError            an answer that no LMA gateway, Prometheus or Loki gives (HTML, cut JSON)

Exceptions of the HTTP and WebSocket libraries never come through; they are kept as ``__cause__``.
"""

from __future__ import annotations

from dataclasses import dataclass


class ClientError(Exception):
    """Root: ``message`` says what happened, ``remedy`` what can be done (may be empty).

    ``details`` are (field of the request, what is wrong with it); ``request_id`` finds the request in the server's
    log. Both only where the control plane gives them.
    """

    def __init__(
        self,
        message: str,
        *,
        remedy: str = "",
        status: int | None = None,
        request_id: str | None = None,
        details: tuple[tuple[str, str], ...] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.status = status
        self.request_id = request_id
        self.details = details

    def __str__(self) -> str:
        lines = [self.message]
        lines += [f"  {field}: {finding}" if field else f"  {finding}" for field, finding in self.details]
        if self.remedy:
            lines.append(f"  remedy: {self.remedy}")
        return "\n".join(lines)


class UnreachableError(ClientError):
    """No answer came."""


class TimedOutError(UnreachableError):
    """No answer came in time."""


class AuthError(ClientError):
    """The server does not accept who asks."""


class InvalidRequestError(ClientError):
    """A parameter can't be used."""


@dataclass(frozen=True, slots=True)
class QueryPosition:
    """A place in the query text; ``line`` and ``column`` count from 1, as servers do."""

    line: int
    column: int


class BadQueryError(InvalidRequestError):
    """The query text is wrong; ``query`` is the text that was sent, ``reason`` the message without the place."""

    def __init__(
        self,
        message: str,
        *,
        query: str,
        reason: str,
        position: QueryPosition | None = None,
        remedy: str = "",
        status: int | None = None,
    ) -> None:
        super().__init__(message, remedy=remedy, status=status)
        self.query = query
        self.reason = reason
        self.position = position

    @property
    def line(self) -> int | None:
        """Line of the error, from 1, if the server named it."""
        return self.position.line if self.position else None

    @property
    def column(self) -> int | None:
        """Column of the error, from 1, if the server named it."""
        return self.position.column if self.position else None


class WrongKindError(InvalidRequestError):
    """The answer is of another kind than the method returns, such as a matrix where log lines were asked for."""


class QueryFailedError(ClientError):
    """The query is well formed, but can't be computed."""


class IncompleteError(ClientError):
    """An answer would lack the clusters in ``missing`` (name → reason), and strict mode or the query forbids that."""

    def __init__(self, message: str, *, missing: dict[str, str], remedy: str = "", status: int | None = None) -> None:
        super().__init__(message, remedy=remedy, status=status)
        self.missing = missing


class NotFoundError(ClientError):
    """What was asked for does not exist."""


class ConflictError(ClientError):
    """What was to be made exists, or contradicts something that does."""


class ServerError(ClientError):
    """The server could not answer."""


class ProtocolError(ClientError):
    """Something answered, but not in the shape of these APIs."""
