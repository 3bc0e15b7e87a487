"""Loki's bodies: what is read of them, what stays as it was, and how errors are told apart."""

from __future__ import annotations

import json

import msgspec
import pytest

from query.backends.base import BackendError, Failure
from query.backends.outcome import Answered
from query.model.clusters import ClusterName
from query.wire.loki import (
    LabelsBody,
    add_stats,
    read_plain,
    read_series,
    read_streams,
    rename_metadata,
    stream_json,
    timestamp_ns,
)
from query.wire.prometheus import UpstreamQueryError

LINE = (
    '["1700000000000000001","caf\\u00e9 \\u003cb\\u003e \\"q\\"",'
    '{"structuredMetadata":{"cluster":"sm"},"parsed":{"a":"cluster"}}]'
)


def answer(body: str | bytes, status: int = 200, content_type: str = "application/json") -> Answered:
    raw = body.encode() if isinstance(body, str) else body
    return Answered(ClusterName("seoul"), status, {"Content-Type": content_type}, raw, 0.0)


def query_body(result_type: str, result: str) -> str:
    return (
        f'{{"status":"success","warnings":["w"],"data":{{"resultType":"{result_type}","result":{result},'
        '"encodingFlags":["categorize-labels"],"stats":{"summary":{"totalLinesProcessed":3}}}}'
    )


def test_streams_keep_the_bytes_of_their_entries() -> None:
    envelope, streams = read_streams(answer(query_body("streams", f'[{{"stream":{{"app":"x"}},"values":[{LINE}]}}]')))
    assert envelope.warnings == ["w"]
    assert envelope.data.stats == {"summary": {"totalLinesProcessed": 3}}
    entry = bytes(streams[0].values[0])
    assert entry == LINE.encode()
    assert timestamp_ns(entry) == 1700000000000000001
    written = stream_json((("app", "x"), ("cluster", "seoul")), [entry])
    assert written == b'{"stream":{"app":"x","cluster":"seoul"},"values":[' + LINE.encode() + b"]}"


def test_metadata_is_renamed_and_the_line_is_not() -> None:
    renamed = rename_metadata(LINE.encode(), {"cluster": "cluster_extracted"})
    assert json.loads(renamed)[2] == {"structuredMetadata": {"cluster_extracted": "sm"}, "parsed": {"a": "cluster"}}
    assert renamed.startswith(b'["1700000000000000001","caf\\u00e9 \\u003cb\\u003e \\"q\\"",{')
    two = b'["1","a \\"cluster\\" line"]'
    assert rename_metadata(two, {"cluster": "cluster_extracted"}) == two
    assert rename_metadata(LINE.encode(), {"other": "x"}) is not None


def test_matrix_and_vector() -> None:
    series = read_series(answer(query_body("matrix", '[{"metric":{"a":"b"},"values":[[1.5,"2"]]}]')))[1]
    assert (series[0].metric, series[0].values) == ({"a": "b"}, msgspec.Raw(b'[[1.5,"2"]]'))
    series = read_series(answer(query_body("vector", '[{"metric":{},"value":[1,"2"]}]')))[1]
    assert series[0].value == msgspec.Raw(b'[1,"2"]')


@pytest.mark.parametrize("body", ['{"status":"success"}', '{"status":"success","data":null}'])
def test_nothing_found_may_have_no_data(body: str) -> None:
    assert read_plain(answer(body), LabelsBody).data is None


@pytest.mark.parametrize(
    ("given", "failure"),
    [
        (answer("<html>login</html>", content_type="text/html"), Failure.NOT_UNDERSTOOD),
        (answer("<html>bad gateway</html>", 502, "text/html"), Failure.SERVER_ERROR),
        (answer("<html>bad request</html>", 400, "text/html"), Failure.REFUSED),
        (answer("no org id", 401, "text/plain"), Failure.REFUSED),
        (answer("no org id", 400, "text/plain"), Failure.REFUSED),
        (answer("too many outstanding requests", 429, "text/plain"), Failure.TOO_LARGE),
        (answer("request timed out", 504, "text/plain"), Failure.TIMEOUT),
        (answer(query_body("matrix", "[]")), Failure.NOT_UNDERSTOOD),
        (answer(query_body("streams", '{"a":1}')), Failure.NOT_UNDERSTOOD),
        (answer(b'{"status":"success","data":{"resultType":"streams","result":['), Failure.NOT_UNDERSTOOD),
        (answer(b"\xff\xfe"), Failure.NOT_UNDERSTOOD),
    ],
)
def test_failures_of_the_backend(given: Answered, failure: Failure) -> None:
    with pytest.raises(BackendError) as caught:
        read_streams(given)
    assert caught.value.failure is failure


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (answer("parse error at line 1, col 1: syntax error", 400, "text/plain"), "bad_data"),
        (answer("multiple matches for labels: many-to-one", 500, "text/plain"), "execution"),
    ],
)
def test_failures_of_the_query(given: Answered, kind: str) -> None:
    with pytest.raises(UpstreamQueryError) as caught:
        read_series(given)
    assert (caught.value.cluster, caught.value.error_type) == ("seoul", kind)


@pytest.mark.parametrize("entry", [b'["x","line"]', b"[]", b'{"a":1}', b'["12'])
def test_entries_without_a_timestamp(entry: bytes) -> None:
    with pytest.raises(BackendError, match="without timestamp"):
        timestamp_ns(entry)


def test_statistics_add_up_and_times_do_not() -> None:
    total: dict[str, object] = {}
    for part in (
        {"summary": {"totalLinesProcessed": 3, "execTime": 0.2}, "flag": True, "cache": {"chunk": {"requests": 1}}},
        {"summary": {"totalLinesProcessed": 4, "execTime": 0.1}, "flag": False, "cache": {"chunk": {"requests": 2}}},
    ):
        add_stats(total, part)
    assert total == {
        "summary": {"totalLinesProcessed": 7, "execTime": 0.2},
        "flag": True,
        "cache": {"chunk": {"requests": 3}},
    }
