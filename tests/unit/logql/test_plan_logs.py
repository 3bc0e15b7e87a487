"""What each cluster is asked for lines, and what its answer gets back."""

from __future__ import annotations

# ruff: noqa: E501 - a shard is a line
from dataclasses import replace

import pytest

from query.logql.plan import PlanContext
from query.model.errors import UnsupportedError
from tests.unit.logql.fleet import CONTEXT, LIMA, SEOUL, TOKYO, logs

KR = '{cluster="seoul", region="kr"}'
JP = '{cluster="tokyo", region="jp"}'


@pytest.mark.parametrize(
    ("text", "shards"),
    [
        # matchers on constants choose clusters, and go where the backend does not show the label
        ('{app="x"}', [f'seoul: {{app="x"}} + {KR}', f'tokyo: {{app="x"}} + {JP}', 'lima: {app="x"}']),
        ('{app="x", cluster="seoul"}', [f'seoul: {{app="x"}} + {KR}']),
        ('{app="x", cluster!="seoul"}', [f'tokyo: {{app="x"}} + {JP}', 'lima: {app="x", cluster!="seoul"}']),
        ('{app="x", cluster=~"s.+|lima"}', [f'seoul: {{app="x"}} + {KR}', 'lima: {app="x", cluster=~"s.+|lima"}']),
        ('{app="x", cluster="none"}', []),
        ('{app="x", region="kr"}', [f'seoul: {{app="x"}} + {KR}', 'lima: {app="x", region="kr"}']),
        ('{cluster="lima"}', ['lima: {cluster="lima"}']),
        # conditions on constants are settled for each cluster
        ('{app="x"} | cluster="seoul"', [f'seoul: {{app="x"}} + {KR}', 'lima: {app="x"} | cluster="seoul"']),
        ('{app="x", cluster=~"seoul|tokyo"} | cluster!="seoul" | json', [f'tokyo: {{app="x"}} | json + {JP}']),
        (
            '{app="x", cluster=~"seoul|tokyo"} | json | cluster="seoul" or status>500',
            [f'seoul: {{app="x"}} | json + {KR}', f'tokyo: {{app="x"}} | json | status>500 + {JP}'],
        ),
        (
            '{app="x", cluster=~"seoul|tokyo"} | json | status>500 or cluster="seoul"',
            [
                f'seoul: {{app="x"}} | json | ( status>500 or __lma_absent__="" ) + {KR}',
                f'tokyo: {{app="x"}} | json | status>500 + {JP}',
            ],
        ),
        (
            '{app="x", cluster=~"seoul|tokyo"} | json | a="b" or cluster="seoul"',
            [f'seoul: {{app="x"}} | json + {KR}', f'tokyo: {{app="x"}} | json | a="b" + {JP}'],
        ),
        ('{app="x", cluster="seoul"} | cluster="seoul" and a="b"', [f'seoul: {{app="x"}} | a="b" + {KR}']),
        ('{app="x", cluster="seoul"} | drop cluster | cluster=""', ['seoul: {app="x"} + {region="kr"}']),
        ('{app="x", cluster="seoul"} | drop cluster | cluster="seoul"', []),
        # templates get the value
        (
            '{app="x", cluster="seoul"} | line_format "{{.cluster}} {{ .region | ToUpper }} {{.app}}"',
            [
                f'seoul: {{app="x"}} | line_format "{{{{\\"seoul\\"}}}} {{{{ \\"kr\\" | ToUpper }}}} {{{{.app}}}}" + {KR}'
            ],
        ),
        (
            '{app="x", cluster="lima"} | line_format "{{.cluster}}"',
            ['lima: {app="x", cluster="lima"} | line_format "{{.cluster}}"'],
        ),
        (
            '{app="x", cluster="seoul"} | label_format a="{{.cluster}}", b=region',
            ['seoul: {app="x"} | label_format a="{{\\"seoul\\"}}",b="kr" + {cluster="seoul"}'],
        ),
        ('{app="x", cluster="seoul"} | drop region | label_format b=region', ['seoul: {app="x"} + {cluster="seoul"}']),
        # what drop and keep take away is not added
        ('{app="x", cluster="seoul"} | drop cluster', ['seoul: {app="x"} + {region="kr"}']),
        ('{app="x", cluster="seoul"} | drop cluster="tokyo"', [f'seoul: {{app="x"}} + {KR}']),
        (
            '{app="x", cluster="seoul"} | drop cluster=~"s.*", a',
            ['seoul: {app="x"} | drop a,__lma_absent__="" + {region="kr"}'],
        ),
        (
            '{app="x", cluster="seoul"} | drop a, cluster !~ "y"',
            ['seoul: {app="x"} | drop a,__lma_absent__="" + {region="kr"}'],
        ),
        ('{app="x", cluster="seoul"} | keep a', ['seoul: {app="x"} | keep a']),
        (
            '{app="x", cluster="seoul"} | keep a, cluster',
            ['seoul: {app="x"} | keep a,__lma_absent__="" + {cluster="seoul"}'],
        ),
        (
            '{app="x", cluster="seoul"} | keep cluster',
            ['seoul: {app="x"} | keep __lma_absent__="" + {cluster="seoul"}'],
        ),
        ('{app="x", cluster="seoul"} | keep cluster="tokyo", a', ['seoul: {app="x"} | keep a,__lma_absent__=""']),
        ('{app="x", cluster="lima"} | drop cluster', ['lima: {app="x", cluster="lima"} | drop cluster']),
    ],
)
def test_shards(text: str, shards: list[str]) -> None:
    assert [shard.describe() for shard in logs(text).shards] == shards


def test_what_is_hidden_goes_with_the_shard() -> None:
    assert [shard.hidden for shard in logs('{app="x", cluster=~"seoul|lima"}').shards] == [
        (("cluster", "seoul"), ("region", "kr")),
        (),
    ]


def test_the_plan_as_text() -> None:
    assert logs('{app="x", cluster="seoul"} |= "e"').describe() == (
        'merge[seoul]({app="x", cluster="seoul"} |= "e")\n  seoul: {app="x"} |= "e" + {cluster="seoul", region="kr"}'
    )


@pytest.mark.parametrize(
    ("text", "node", "reason"),
    [
        ('{cluster="seoul"}', "the stream selector", "no label was found that all of its streams carry"),
        ('{app="x"} | cluster>5', "| cluster > …", "not compared as a number"),
        ('{app="x"} | cluster=ip("::1")', "| cluster = …", "not compared as a number"),
        ('{app="x"} | json | cluster_extracted="a"', "LabelFilterStage", "'cluster_extracted'"),
        ('{app="x"} | json | line_format "{{.cluster_extracted}}"', "LineFormat", "'cluster_extracted'"),
        ('{app="x"} | json | drop cluster_extracted', "DropLabels", "'cluster_extracted'"),
        ('{app="x"} | label_format cluster="a"', "label_format cluster=…", "it sets the label 'cluster'"),
        ('{app="x"} | label_format cluster=a', "label_format cluster=…", "it sets the label 'cluster'"),
        ('{app="x"} | line_format "{{.}}"', "line_format", "the whole set of labels"),
        ('{app="x"} | line_format "{{ range $k, $v := . }}{{$k}}{{end}}"', "line_format", "the whole set of labels"),
        ('{app="x"} | line_format "{{ with .a }}{{.cluster}}{{ end }}"', "line_format", "beside 'with' or 'range'"),
        ('{app="x"} | line_format "{{.cluster.name}}"', "line_format", "a field of the label's value"),
        ('{app="x"} | label_format a="{{ index . \\"b\\" }}"', "label_format", "the whole set of labels"),
    ],
)
def test_refusals(text: str, node: str, reason: str) -> None:
    with pytest.raises(UnsupportedError) as caught:
        logs(text)
    assert caught.value.node == node
    assert reason in caught.value.reason


def test_nothing_is_refused_where_backends_show_their_labels() -> None:
    shown = PlanContext(tuple(replace(one, shown=frozenset(one.constants)) for one in (SEOUL, TOKYO, LIMA)))
    text = '{cluster=~"seoul|lima"} | json | cluster_extracted="a" | cluster>5 | label_format cluster=a | line_format "{{.}}"'
    assert {shard.query for shard in logs(text, shown).shards} == {
        '{cluster=~"seoul|lima"} | json | cluster_extracted="a" | cluster>5 | label_format cluster=a | line_format "{{.}}"'
    }


def test_a_label_that_all_streams_carry_stands_in_for_a_selector() -> None:
    covered = replace(CONTEXT, covered_by={SEOUL.name: "service_name"})
    assert [shard.query for shard in logs('{cluster="seoul"} |= "e"', covered).shards] == [
        '{service_name=~".+"} |= "e"'
    ]


def test_a_constant_that_is_shown_stands_in_for_a_selector() -> None:
    half = replace(SEOUL, shown=frozenset({"region"}))
    assert [shard.query for shard in logs('{cluster="seoul"}', PlanContext((half,))).shards] == ['{region="kr"}']
