"""Long queries are laid out as Loki's format_query lays them out; checked against Loki 3.7.8."""

# ruff: noqa: E501 - a case is a line

from __future__ import annotations

import pytest

from query.logql.syntax import parse_query, prettify

CASES = [
    ('{app="x"} | json', '{app="x"} | json'),
    (
        '{app="shop", env="prod"} |= "a rather long text" | json | status >= 500 | line_format "{{.method}} {{.status}}"',
        """\
{app="shop", env="prod"}
  |= "a rather long text"
  | json
  | status>=500
  | line_format "{{.method}} {{.status}}\"""",
    ),
    (
        'sum by (app, cluster) (rate({app=~"shop|cart", env="prod"} |= "error" != "timeout" | logfmt | level="error" [5m] offset 1h))',
        """\
sum by (app, cluster)(
  rate(
    {app=~"shop|cart", env="prod"} |= "error" != "timeout" | logfmt | level="error" [5m] offset 1h
  )
)""",
    ),
    (
        'quantile_over_time(0.99, {app="shop"} | json | unwrap duration(request_time) | __error__="" [5m]) by (cluster, app, env, region)',
        """\
quantile_over_time(
  0.99,
  {app="shop"} | json
    | unwrap duration(request_time)
    | __error__="" [5m]
) by (cluster, app, env, region)""",
    ),
    (
        'topk(5, sum by (app) (count_over_time({app=~".+"}[5m]))) / on (app) group_left (env) sum by (app, env) (rate({a="b"}[5m]))',
        """\
  topk(5,sum by (app)(count_over_time({app=~".+"}[5m])))
/ on (app) group_left (env)
  sum by (app,env)(rate({a="b"}[5m]))""",
    ),
]


@pytest.mark.parametrize(("text", "expected"), CASES, ids=[text[:30] for text, _ in CASES])
def test_layout(text: str, expected: str) -> None:
    assert prettify(parse_query(text)) == expected
