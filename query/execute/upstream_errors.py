"""What an error that a cluster answers means for the query: its own failure, or one of the cluster."""

from __future__ import annotations

from typing import Final

from query.backends.base import BackendError, Failure
from query.model.errors import ExecutionError
from query.wire.prometheus import UpstreamQueryError

STORE_FAILURES: Final = ("rpc error", "StoreAPI", "proxy Series", "fetch series", "context deadline exceeded")
SIZE_FAILURES: Final = ("too many samples", "limit exceeded", "exceeded limit", "exceeds limit")


def judged(error: UpstreamQueryError) -> Exception:
    """Return what an error of a cluster means: the query's own failure, or a cluster that could not answer it."""
    if any(mark in error.message for mark in SIZE_FAILURES):
        return BackendError(Failure.TOO_LARGE, error.message)
    if any(mark in error.message for mark in STORE_FAILURES):
        return BackendError(Failure.SERVER_ERROR, error.message)
    if error.error_type == "bad_data":
        return ExecutionError(f'cluster "{error.cluster}" does not accept its part of the query: {error.message}')
    return ExecutionError(error.message)
