"""What a cluster answers is judged: data, the query's own error, or no usable answer."""

import pytest

from query.backends.base import BackendError, Failure
from query.backends.outcome import Answered
from query.model.clusters import ClusterName
from query.wire.prometheus import UpstreamQueryError, read_data, read_query


def answered(body: bytes, status: int = 200, content_type: str = "application/json") -> Answered:
    return Answered(ClusterName("seoul"), status, {"Content-Type": content_type}, body, 0.0)


def test_series_keep_their_samples_as_bytes() -> None:
    body = (
        b'{"status":"success","data":{"resultType":"vector","result":'
        b'[{"metric":{"a":"b"},"value":[1.5,"NaN"]},{"metric":{},"histogram":[1.5,{"count":"1"}]}]},"infos":["i"]}'
    )
    envelope, series = read_query(answered(body))
    assert (envelope.infos, series[0].metric) == (["i"], {"a": "b"})
    assert bytes(series[0].value) == b'[1.5,"NaN"]'  # type: ignore[arg-type]
    assert [one.has_histograms for one in series] == [False, True]


@pytest.mark.parametrize("status", [400, 422])
@pytest.mark.parametrize("kind", ["bad_data", "execution"])
def test_an_error_of_the_query_is_the_query_s(status: int, kind: str) -> None:
    body = b'{"status":"error","errorType":"%s","error":"many-to-many"}' % kind.encode()
    with pytest.raises(UpstreamQueryError) as caught:
        read_query(answered(body, status))
    assert (caught.value.cluster, caught.value.status, caught.value.message) == ("seoul", status, "many-to-many")


@pytest.mark.parametrize(
    ("body", "status", "content_type", "failure"),
    [
        (b"<html><h1>Bad Gateway</h1>", 502, "text/html", Failure.SERVER_ERROR),
        (b"<html>login</html>", 200, "text/html", Failure.NOT_UNDERSTOOD),
        (b"slow down", 429, "text/plain", Failure.REFUSED),
        (b'{"status":"error","errorType":"timeout","error":"late"}', 503, "application/json", Failure.TIMEOUT),
        (b'{"status":"error","errorType":"internal","error":"x"}', 500, "application/json", Failure.SERVER_ERROR),
        (b'{"status":"success","data":{"resultType":"vec', 200, "application/json", Failure.NOT_UNDERSTOOD),
        (b'{"status":"success"}', 200, "application/json", Failure.NOT_UNDERSTOOD),
        (b'{"status":"success","data":{"resultType":"scalar","result":[1,"2"]}}', 200, "", Failure.NOT_UNDERSTOOD),
        (b'{"status":"success","data":{"resultType":"vector","result":{}}}', 200, "", Failure.NOT_UNDERSTOOD),
        (b"\xff\xfe", 200, "application/json", Failure.NOT_UNDERSTOOD),
        (b"", 200, "application/json", Failure.NOT_UNDERSTOOD),
    ],
)
def test_what_is_no_answer_says_why(body: bytes, status: int, content_type: str, failure: Failure) -> None:
    with pytest.raises(BackendError) as caught:
        read_query(answered(body, status, content_type))
    assert caught.value.failure is failure


def test_data_of_another_shape_is_not_understood() -> None:
    with pytest.raises(BackendError, match="not an answer of the Prometheus API"):
        read_data(answered(b'{"status":"success","data":{"a":1}}'), list[str])
    assert read_data(answered(b'{"status":"success","data":["a"],"warnings":["w"]}'), list[str])[1] == ["a"]
