"""``/prometheus/federate``: the latest samples of all clusters, in the format the scraper prefers.

Text unless protocol buffers are accepted before it. A cluster that is missing is named in a comment at the end of the
text and in the headers.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from query.api.accept import accepted_types
from query.api.errors import missing_headers, status_of
from query.api.params import Params
from query.api.prometheus_options import parse_metadata_options
from query.api.respond import Handler, completeness_headers, guarded, unless_gone
from query.execute.federate import Federated, federate
from query.execute.remote_read import RemoteRead
from query.execute.settings import ExecuteSettings
from query.model.errors import GatewayError
from query.model.label_names import ESCAPINGS, escape
from query.promql.syntax.parser import parse_selector
from query.wire.exposition import expose_protobuf, expose_text

TEXT_VERSION: Final = "0.0.4"
TEXT: Final = f"text/plain; version={TEXT_VERSION}; charset=utf-8"
PROTOBUF_TYPE: Final = "application/vnd.google.protobuf"
PROTOBUF_PARAMS: Final = {"proto": "io.prometheus.client.MetricFamily", "encoding": "delimited"}
PROTOBUF: Final = f"{PROTOBUF_TYPE}; proto=io.prometheus.client.MetricFamily; encoding=delimited"
DEFAULT_ESCAPING: Final = "underscores"


@dataclass(frozen=True, slots=True)
class Format:
    """How an exposition is written."""

    is_protobuf: bool
    escaping: str

    @property
    def content_type(self) -> str:
        """The value of the header."""
        return f"{PROTOBUF if self.is_protobuf else TEXT}; escaping={self.escaping}"


def federate_handler(remote: RemoteRead, settings: ExecuteSettings) -> Handler:
    """Return what answers the path."""

    async def handle(request: Request) -> Response:
        return await _federate(request, remote, settings)

    return guarded(handle, _refused)


def _refused(error: GatewayError) -> Response:
    headers = {"X-Content-Type-Options": "nosniff", **missing_headers(error)}
    return PlainTextResponse(f"{error}\n", status_of(error)[0], headers=headers)


async def _federate(request: Request, remote: RemoteRead, settings: ExecuteSettings) -> Response:
    params = await Params.of(request)
    params.require_wellformed()
    selectors = [parse_selector(text, settings.syntax) for text in params.all("match[]")]
    options = parse_metadata_options(params, settings)
    found = await unless_gone(request, federate(remote, selectors, options))
    return _response(found, negotiate(request.headers.get("accept", "")))


def negotiate(accept: str) -> Format:
    """Return the first format accepted that is offered, text if none is."""
    escaping = DEFAULT_ESCAPING
    for media_type, params in accepted_types(accept):
        if params.get("escaping") in ESCAPINGS:
            escaping = params["escaping"]
        if media_type == PROTOBUF_TYPE and PROTOBUF_PARAMS.items() <= params.items():
            return Format(is_protobuf=True, escaping=escaping)
        if media_type == "text/plain" and params.get("version", TEXT_VERSION) == TEXT_VERSION:
            break
    return Format(is_protobuf=False, escaping=escaping)


def _response(found: Federated, chosen: Format) -> Response:
    shown = partial(escape, how=chosen.escaping)
    if chosen.is_protobuf:
        body = b"".join(expose_protobuf(found.samples, shown))
    else:
        gaps = "".join(f"# {line}\n" for gap in found.completeness.missing for line in gap.warning().splitlines())
        body = ("".join(expose_text(found.samples, shown)) + gaps).encode()
    headers = {"Content-Type": chosen.content_type, **completeness_headers(found.completeness)}
    return Response(body, headers=headers)
