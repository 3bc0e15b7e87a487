"""Generates LogQL over the streams of ``logs_dataset``: constant labels wherever a label may stand.

Not ``topk``, ``bottomk`` and ``first_over_time``, whose choice among equals is free; the corpus has them.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Final

PARSERS: Final = {"shop": "| logfmt", "cart": "| json", "clock": '| pattern "<kind> <count>"'}
UNWRAPS: Final = {
    "shop": ("duration(duration)", "bytes(bytes)", "status"),
    "cart": ("took", "items"),
    "clock": ("count",),
}
LABELS: Final = ("cluster", "region", "provider", "app", "env", "level", "status", "method", "where")
MATCHERS: Final = (
    'cluster="seoul"',
    'cluster!="seoul"',
    'cluster=~"seoul|paris"',
    'cluster!~"p.*"',
    'region="ap-northeast-2"',
    'region=""',
    'region!="ap-northeast-1"',
    'provider=~".*"',
    'env="prod"',
)
CONDITIONS: Final = (
    'cluster="seoul"',
    'cluster!="paris"',
    'cluster=~".*o.*"',
    'cluster="nowhere"',
    'region="ap-northeast-2"',
    'region=""',
    'region="r1"',
    'provider="eks"',
    'env="prod"',
    "status>=404",
    'method="GET"',
    "took>50",
    'level="error"',
    "count>40",
)
STAGES: Final = (
    '|= "5"',
    '!= "404"',
    '|~ "(GET|pro|tick)"',
    "| drop cluster",
    "| drop cluster, region",
    "| drop region, status",
    '| drop cluster="seoul"',
    '| drop region=~"ap.*", level',
    "| keep cluster, app",
    "| keep app, env",
    "| keep cluster",
    "| keep region, status, cluster",
    '| label_format where="{{.cluster}}-{{.env}}"',
    "| label_format where=cluster",
    "| label_format where=region",
    '| label_format where="{{.region}}"',
    '| line_format "{{.cluster}} {{.status}}"',
    '| line_format "{{.app}}/{{.region}}"',
)
RANGES: Final = ("rate", "count_over_time", "count_over_time", "bytes_over_time", "bytes_rate")
UNWRAPPED: Final = (
    "sum_over_time(",
    "max_over_time(",
    "min_over_time(",
    "avg_over_time(",
    "quantile_over_time(0.7, ",
    "stddev_over_time(",
    "stdvar_over_time(",
    "quantile_over_time(0.25, ",
)
AGGREGATIONS: Final = ("sum", "sum", "count", "min", "max", "avg", "stddev", "stdvar")
ARITHMETIC: Final = ("+", "-", "*", "/", "%", ">", "<=", "== bool")
SET_OPERATORS: Final = ("and", "or", "unless")


class Generator:
    """An endless source of queries, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - tests, not secrets

    def lines(self) -> str:
        """Return a query that selects lines."""
        app, selector = self._selector()
        return f"{selector} {self._pipeline(app)}".strip()

    def numbers(self, depth: int = 2) -> str:
        """Return a query that computes numbers."""
        kind = self._random.random()
        if depth <= 0 or kind < 0.15:
            return self._range()
        if kind < 0.6:
            return self._aggregation(depth)
        if kind < 0.7:
            target, source = self._one(("where", "cluster", "app")), self._one(("cluster", "app", "region"))
            template, pattern = self._one(("$1", "x-$1", "")), self._one(("(.*)", "(.).*", "s.*"))
            return f'label_replace({self._aggregation(depth)}, "{target}", "{template}", "{source}", "{pattern}")'
        if kind < 0.8:
            return f"{self._aggregation(depth)} {self._one(ARITHMETIC)} {self._one(('2', '10', '0', 'vector(1)'))}"
        return self._binary(depth)

    def _one(self, options: Sequence[str]) -> str:
        return self._random.choice(options)

    def _often(self, share: float) -> bool:
        return self._random.random() < share

    def _selector(self) -> tuple[str, str]:
        app = self._one(tuple(PARSERS))
        matchers = [f'app="{app}"' if self._often(0.8) else 'app=~".+"']
        if self._often(0.4):
            matchers.append(self._one(MATCHERS))
        return app, "{" + ", ".join(matchers) + "}"

    def _condition(self) -> str:
        if self._often(0.55):
            return self._one(CONDITIONS)
        both = f"{self._one(CONDITIONS)} {self._one(('and', 'or', ','))} {self._one(CONDITIONS)}"
        return f"({both})" if self._often(0.3) else both

    def _pipeline(self, app: str) -> str:
        stages = [PARSERS[app]] if self._often(0.7) else []
        return " ".join((*stages, *(self._stage() for _ in range(self._random.randrange(3)))))

    def _stage(self) -> str:
        return f"| {self._condition()}" if self._often(0.4) else self._one(STAGES)

    def _grouping(self) -> str:
        names = self._random.sample(LABELS, self._random.randrange(3))
        return f"{self._one(('by', 'without'))} ({', '.join(names)})"

    def _range(self) -> str:
        app, selector = self._selector()
        window = self._one(("[5m]", "[10m]", "[5m] offset 3m"))
        if self._often(0.65):
            return f"{self._one(RANGES)}({selector} {self._pipeline(app)} {window})"
        label = self._one(UNWRAPS[app])
        bare = label.split("(")[-1].strip(")")
        between = self._one(("", f"| {self._condition()}", "| drop cluster", f"| keep app, {bare}"))
        head = self._one(UNWRAPPED)
        grouping = f" {self._grouping()}" if head != "sum_over_time(" and self._often(0.8) else ""
        return f'{head}{selector} {PARSERS[app]} {between} | unwrap {label} | __error__="" {window}){grouping}'

    def _aggregation(self, depth: int) -> str:
        inner = self.numbers(depth - 1) if self._often(0.3) else self._range()
        return f"{self._one(AGGREGATIONS)} {self._grouping() if self._often(0.8) else ''} ({inner})"

    def _binary(self, depth: int) -> str:
        left, right = self._aggregation(depth - 1), self._aggregation(depth - 1)
        is_set = self._often(0.35)
        matching = ""
        if self._often(0.6):
            names = self._random.sample(LABELS[:5], self._random.randrange(3))
            matching = f" {self._one(('on', 'ignoring'))} ({', '.join(names)})"
            if not is_set:
                matching += self._one(("", "", " group_left", " group_right", " group_left (region)"))
        return f"({left} {self._one(SET_OPERATORS if is_set else ARITHMETIC)}{matching} {right})"
