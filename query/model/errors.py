"""Every error the gateway raises, as one tree, so that one table can map them to HTTP.

::

    GatewayError
    ├── BadQueryError            the query text is wrong, or asks for the impossible     400 bad_data
    │   └── QuerySyntaxError     … at a line and column
    ├── BadRequestError          a parameter is wrong                                    400 bad_data
    ├── UnsupportedError         right, but can't be computed exactly over clusters yet  422 execution
    │   └── UndecidedHistogramError  … for what clusters tell of native histograms is not enough
    ├── ExecutionError           the data makes the query fail, as it would upstream     422 execution
    ├── LimitExceededError       a budget of this gateway was used up                    422 execution
    ├── OverloadedError          all queries together hold too much                      503 unavailable
    ├── DeadlineError            the time given ran out                                  503 timeout
    ├── IncompleteError          strict mode, and some cluster did not answer            503 unavailable
    ├── NotFoundError            no such endpoint, cluster …                             404 not_found
    └── ConfigError              the configuration can't be used; never reaches HTTP

A cluster that fails does not raise: partial failure is a value (``query.backends.outcome``), because the answer of
the others goes on. Leaves carry data, so that callers and tests need not read prose.
"""

from __future__ import annotations

from dataclasses import dataclass


class GatewayError(Exception):
    """Root of everything raised on purpose; ``str()`` is fit to be shown to the user."""


class BadQueryError(GatewayError):
    """The query itself can't be answered by any backend."""


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a query text: 1-based line and column, 0-based character offset."""

    line: int
    column: int
    offset: int

    @classmethod
    def at(cls, text: str, offset: int) -> Position:
        """Return the position of character ``offset`` of ``text`` (clamped to its length)."""
        offset = max(0, min(offset, len(text)))
        line = text.count("\n", 0, offset) + 1
        column = offset - (text.rfind("\n", 0, offset) + 1) + 1
        return cls(line=line, column=column, offset=offset)


class QuerySyntaxError(BadQueryError):
    """The text does not parse; prints as upstream does: ``1:5: parse error: …``."""

    def __init__(self, message: str, position: Position) -> None:
        super().__init__(f"{position.line}:{position.column}: parse error: {message}")
        self.message = message
        self.position = position


class BadRequestError(GatewayError):
    """A request parameter can't be used; prints as upstream does: ``invalid parameter "step": …``."""

    def __init__(self, parameter: str, reason: str) -> None:
        super().__init__(f'invalid parameter "{parameter}": {reason}')
        self.parameter = parameter
        self.reason = reason


class UnsupportedError(GatewayError):
    """The node can't be computed exactly over several clusters; refused rather than answered wrongly."""

    def __init__(self, node: str, reason: str, *, remedy: str = "") -> None:
        tail = f"; {remedy}" if remedy else ""
        super().__init__(f"cannot compute {node} exactly over several clusters: {reason}{tail}")
        self.node = node
        self.reason = reason
        self.remedy = remedy


class UndecidedHistogramError(UnsupportedError):
    """Native histograms are to be combined, and the form in which one came does not tell all that matters."""

    def __init__(self, reason: str) -> None:
        super().__init__("native histograms", reason)


class ExecutionError(GatewayError):
    """The query is well formed but fails on the data, as it would on one server."""


class LimitExceededError(GatewayError):
    """A budget was used up; names the limit, its value and how to raise it."""

    def __init__(self, limit: str, value: float | str, remedy: str, *, cluster: str | None = None) -> None:
        where = f" by cluster {cluster!r}" if cluster else ""
        super().__init__(f"limit {limit}={value} exceeded{where}: {remedy}")
        self.limit = limit
        self.value = value
        self.cluster = cluster


class OverloadedError(GatewayError):
    """A bound on all queries together was reached; the same query may be answered in a moment."""

    def __init__(self, limit: str, value: int, found: str) -> None:
        super().__init__(f"limit {limit}={value} reached: {found}; try again, ask for less, or raise limits.{limit}")
        self.limit = limit
        self.value = value


class DeadlineError(GatewayError):
    """The request's deadline passed before an answer could be made."""


class IncompleteError(GatewayError):
    """Strict mode: the answer would lack clusters. ``missing`` maps a cluster to the reason."""

    def __init__(self, missing: dict[str, str], *, why: str = "") -> None:
        listed = "; ".join(f"{cluster}: {reason}" for cluster, reason in sorted(missing.items()))
        super().__init__(f"{why or 'no complete answer'}: {listed}")
        self.missing = missing


class NotFoundError(GatewayError):
    """What was asked for does not exist here."""


class ConfigError(GatewayError):
    """The configuration can't be used; names file, place, cause and remedy."""
