"""The typed Python client: metrics, logs and clusters of one LMA server, synchronous and asynchronous.

::

    from lma.client import Client

    with Client("http://127.0.0.1:9090") as client:
        for sample in client.query("sum by (cluster) (rate(http_requests_total[5m]))"):
            print(sample.labels["cluster"], sample.value)

Speaks the Prometheus API below ``/prometheus``, the Loki API below ``/loki`` and the control plane's ``/v1``, and so
works against ``lma serve`` and, but for ``clusters``, ``lma gateway``. Results know whether they are whole
(``.completeness``), and become frames with ``.to_pandas()``; every failure is a ``ClientError``.
"""

from lma.client.async_client import AsyncClient
from lma.client.client import Client
from lma.client.entities import (
    Alert,
    Cluster,
    ClusterEvent,
    Condition,
    Credential,
    Endpoints,
    Metadata,
    MetricMetadata,
    PreflightCheck,
    Rule,
    RuleGroup,
    Target,
    Targets,
    Timeline,
)
from lma.client.errors import (
    AuthError,
    BadQueryError,
    ClientError,
    ConflictError,
    IncompleteError,
    InvalidRequestError,
    NotFoundError,
    ProtocolError,
    QueryFailedError,
    QueryPosition,
    ServerError,
    TimedOutError,
    UnreachableError,
    WrongKindError,
)
from lma.client.explanations import Explanation, PlanNode, SentQuery
from lma.client.log_calls import Direction
from lma.client.samples import (
    Bucket,
    Completeness,
    Histogram,
    Listing,
    LogLine,
    Matrix,
    MetricResult,
    Result,
    Sample,
    Scalar,
    Series,
    Stream,
    Streams,
    String,
    Vector,
)
from lma.client.tail import Event, Notice
from lma.client.times import Duration, Time

__all__ = [
    "Alert",
    "AsyncClient",
    "AuthError",
    "BadQueryError",
    "Bucket",
    "Client",
    "ClientError",
    "Cluster",
    "ClusterEvent",
    "Completeness",
    "Condition",
    "ConflictError",
    "Credential",
    "Direction",
    "Duration",
    "Endpoints",
    "Event",
    "Explanation",
    "Histogram",
    "IncompleteError",
    "InvalidRequestError",
    "Listing",
    "LogLine",
    "Matrix",
    "Metadata",
    "MetricMetadata",
    "MetricResult",
    "NotFoundError",
    "Notice",
    "PlanNode",
    "PreflightCheck",
    "ProtocolError",
    "QueryFailedError",
    "QueryPosition",
    "Result",
    "Rule",
    "RuleGroup",
    "Sample",
    "Scalar",
    "SentQuery",
    "Series",
    "ServerError",
    "Stream",
    "Streams",
    "String",
    "Target",
    "Targets",
    "Time",
    "TimedOutError",
    "Timeline",
    "UnreachableError",
    "Vector",
    "WrongKindError",
]
