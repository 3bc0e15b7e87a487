"""What the metric methods send, and what they make of the answers."""

from __future__ import annotations

import json
import math

import pytest

from lma.client import (
    Bucket,
    Client,
    Completeness,
    Histogram,
    InvalidRequestError,
    Sample,
    Scalar,
    Series,
    String,
    Vector,
    WrongKindError,
)
from lma.client.metric_calls import path_name
from tests.client.scripted_server import ScriptedServer, success, vector

API = "/prometheus/api/v1"
HISTOGRAM = {"count": "4", "sum": "10.5", "buckets": [[0, "0.5", "1", "3"], [3, "-0.001", "0.001", "1"]]}


def test_an_instant_query_goes_as_a_form_and_comes_back_typed(server: ScriptedServer, client: Client) -> None:
    server.reply(f"{API}/query", success(vector(({"__name__": "up", "cluster": "seoul"}, "1"))))
    result = client.query('up{job="a&b"}', time="2023-11-14T22:13:20.5Z")
    asked = server.only()
    assert (asked.method, asked.value("query"), asked.value("time")) == ("POST", 'up{job="a&b"}', "1700000000.500")
    assert "partial_response" not in asked.values
    assert result == Vector(
        items=(Sample({"__name__": "up", "cluster": "seoul"}, 1_700_000_000.123, 1.0),),
        completeness=Completeness(),
    )


def test_without_a_time_the_server_chooses_it(server: ScriptedServer, client: Client) -> None:
    server.reply(f"{API}/query", success(vector()))
    client.query("up")
    assert "time" not in server.only().values


def test_strict_mode_is_asked_for(server: ScriptedServer, client: Client) -> None:
    server.reply(f"{API}/query", success(vector()))
    client.query("up", partial=False)
    assert server.only().value("partial_response") == "false"


def test_a_token_goes_as_a_bearer_token(server: ScriptedServer) -> None:
    server.reply(f"{API}/query", success(vector()))
    with Client(server.url, token="secret") as client:
        client.query("up")
    assert server.only().headers["Authorization"] == "Bearer secret"


def test_a_path_prefix_of_the_url_is_kept(server: ScriptedServer) -> None:
    server.reply(f"/lma{API}/labels", success(["job"]))
    with Client(f"{server.url}/lma/") as client:
        assert list(client.labels()) == ["job"]


def test_nan_infinities_and_native_histograms_are_what_they_are(server: ScriptedServer, client: Client) -> None:
    result = [
        {"metric": {"x": "1"}, "value": [1, "NaN"]},
        {"metric": {"x": "2"}, "value": [1, "+Inf"]},
        {"metric": {"x": "3"}, "value": [1, "-Inf"]},
        {"metric": {"x": "4"}, "histogram": [1, HISTOGRAM]},
    ]
    server.reply(f"{API}/query", success({"resultType": "vector", "result": result}))
    found = client.query("x")
    assert isinstance(found, Vector)
    nan, plus, minus, native = found
    assert nan.value is not None
    assert math.isnan(nan.value)
    assert (plus.value, minus.value) == (math.inf, -math.inf)
    assert native.value is None
    assert native.histogram == Histogram(4, 10.5, (Bucket(0, 0.5, 1, 3), Bucket(3, -0.001, 0.001, 1)))


def test_scalars_and_strings(server: ScriptedServer, client: Client) -> None:
    server.reply(
        f"{API}/query",
        success({"resultType": "scalar", "result": [5, "2.5"]}),
        success({"resultType": "string", "result": [5, "2.5"]}),
    )
    assert client.query("2.5") == Scalar(time_s=5, value=2.5)
    assert client.query('"2.5"') == String(time_s=5, value="2.5")


def test_a_range_query_with_floats_histograms_and_notes(server: ScriptedServer, client: Client) -> None:
    result = [{"metric": {"a": "b"}, "values": [[10, "1"], [20.5, "NaN"]], "histograms": [[30, HISTOGRAM]]}]
    server.reply(
        f"{API}/query_range",
        success(
            {"resultType": "matrix", "result": result},
            warnings=["tokyo: timeout"],
            infos=["metric might not be a counter"],
            headers={
                "X-LMA-Complete": "false",
                "X-LMA-Clusters-Asked": "seoul,tokyo, osaka",
                "X-LMA-Clusters-Missing": "tokyo=timeout after 3, 2 tries,osaka=refused",
            },
        ),
    )
    matrix = client.query_range("x", 10, 40.5, "10s")
    asked = server.only()
    assert [asked.value(name) for name in ("start", "end", "step")] == ["10", "40.500", "10"]
    assert list(matrix[0].times_s) == [10, 20.5]
    assert matrix[0].values[0] == 1
    assert matrix[0].histograms[0][1].count == 4
    assert matrix.warnings == ("tokyo: timeout",)
    assert matrix.infos == ("metric might not be a counter",)
    assert matrix.completeness == Completeness(
        is_complete=False,
        asked=("seoul", "tokyo", "osaka"),
        missing={"tokyo": "timeout after 3, 2 tries", "osaka": "refused"},
    )
    assert matrix.completeness.answered == ("seoul",)


def test_both_ends_of_a_relative_range_are_taken_from_one_now(server: ScriptedServer, client: Client) -> None:
    server.reply(f"{API}/query_range", success({"resultType": "matrix", "result": []}))
    client.query_range("x", "-1h", "now", 15)
    asked = server.only()
    assert float(asked.value("end")) - float(asked.value("start")) == pytest.approx(3600, abs=1e-6)


def test_a_series_may_lack_values_or_histograms(server: ScriptedServer, client: Client) -> None:
    result = [{"metric": {}, "values": [[1, "1"]]}, {"metric": {}, "histograms": [[1, HISTOGRAM]]}]
    server.reply(f"{API}/query_range", success({"resultType": "matrix", "result": result}))
    floats, histograms = client.query_range("x", 1, 2, 1)
    assert floats == Series({}, (1,), (1.0,))
    assert histograms.values == ()


@pytest.mark.parametrize(
    ("start", "end", "step", "word"),
    [(20, 10, 1, "before it starts"), (0, 1, 0, "longer than nothing"), (0, 1, "100us", "below one millisecond")],
)
def test_an_impossible_range_is_refused_before_it_is_sent(
    server: ScriptedServer, client: Client, start: float, end: float, step: float | str, word: str
) -> None:
    with pytest.raises(InvalidRequestError, match=word):
        client.query_range("x", start, end, step)
    assert server.asked == []


def test_names_values_and_series(server: ScriptedServer, client: Client) -> None:
    server.reply(f"{API}/labels", success(["cluster", "job"], warnings=["partial"]))
    server.reply(f"{API}/label/job/values", success(None))
    server.reply(f"{API}/label/U__service_2e_name/values", success(["shop"]))
    server.reply(f"{API}/series", success([{"__name__": "up", "job": "shop"}]))
    names = client.labels('up{job="x"}', start=1)
    assert (list(names), names.warnings) == (["cluster", "job"], ("partial",))
    assert list(client.label_values("job")) == []
    assert list(client.label_values("service.name")) == ["shop"]
    assert list(client.series(["up", "down"])) == [{"__name__": "up", "job": "shop"}]
    assert server.asked[0].values["match[]"] == ['up{job="x"}']
    assert server.asked[0].value("start") == "1"
    assert server.asked[-1].values["match[]"] == ["up", "down"]


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("job", "job"),
        ("_x9", "_x9"),
        ("a.b", "U__a_2e_b"),
        ("a_b.c", "U__a__b_2e_c"),
        ("1a", "U__1a"),
        ("ü", "U___fc_"),
    ],
)
def test_names_of_any_kind_fit_a_path(name: str, path: str) -> None:
    assert path_name(name) == path


def test_an_empty_name_is_refused() -> None:
    with pytest.raises(InvalidRequestError, match="empty"):
        path_name("")


def test_rules_alerts_and_targets(server: ScriptedServer, client: Client) -> None:
    alert = {"labels": {"alertname": "Down"}, "annotations": {}, "state": "firing", "activeAt": "t", "value": "1e+00"}
    rule = {
        "type": "alerting", "name": "Down", "query": "up == 0", "duration": 60, "health": "ok", "state": "firing",
        "alerts": [alert], "evaluationTime": 0.001, "lastEvaluation": "t", "keepFiringFor": 0,
    }  # fmt: skip
    recording = {"type": "recording", "name": "r", "query": "sum(up)", "health": "err", "lastError": "no"}
    group = {"name": "g", "file": "f", "interval": 30, "rules": [rule, recording]}
    target = {"labels": {"job": "a"}, "scrapeUrl": "http://x/metrics", "health": "up", "lastScrapeDuration": 0.5}
    server.reply(f"{API}/rules", success({"groups": [group]}))
    server.reply(f"{API}/alerts", success({"alerts": [alert]}))
    server.reply(
        f"{API}/targets", success({"activeTargets": [target], "droppedTargets": [{"discoveredLabels": {"a": "b"}}]})
    )
    server.reply(f"{API}/metadata", success({"up": [{"type": "gauge", "help": "Is it up?", "unit": ""}]}))
    (found,) = client.rules()
    assert (found.interval_s, found.rules[0].duration_s, found.rules[1].last_error) == (30, 60, "no")
    assert found.rules[0].alerts == tuple(client.alerts())
    targets = client.targets()
    assert (targets.active[0].health, targets.active[0].last_scrape_duration_s) == ("up", 0.5)
    assert targets.dropped == ({"a": "b"},)
    assert client.metadata("up").metrics["up"][0].kind == "gauge"
    assert server.asked[-1].value("metric") == "up"


def test_log_lines_from_a_metric_method_say_which_method_to_use(server: ScriptedServer, client: Client) -> None:
    server.reply(f"{API}/query", success({"resultType": "streams", "result": []}))
    with pytest.raises(WrongKindError, match="log lines") as caught:
        client.query("x")
    assert "logs()" in caught.value.remedy


def test_a_large_matrix_is_decoded_whole(server: ScriptedServer, client: Client) -> None:
    values = [[t, str(t / 7)] for t in range(1_000)]
    result = [{"metric": {"i": str(i)}, "values": values} for i in range(100)]
    server.reply(f"{API}/query_range", success({"resultType": "matrix", "result": result}))
    matrix = client.query_range("x", 0, 1_000, 1)
    assert sum(len(series.values) for series in matrix) == 100_000
    assert matrix[99].values[700] == json.loads(str(100.0))
