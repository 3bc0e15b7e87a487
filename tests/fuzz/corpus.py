"""Where fuzzing starts from: the queries of the suites, and texts that were made to break parsers."""

from __future__ import annotations

from typing import Final

from tests.fuzz.parsers import PROMQL, Language
from tests.real.corpus import read_corpus
from tests.real.promql_table import sections

CRASHERS: Final[dict[str, str]] = {
    "nothing": "",
    "white space": " \t\r\n" * 1000,
    "a megabyte of nothing": "x" * (1 << 20),
    "a megabyte of terms": "+".join(["up"] * 350_000),
    "a megabyte of matchers": "up{" + ",".join([f'l{i}="v"' for i in range(80_000)]) + "}",
    "a megabyte of string": '"' + "s" * (1 << 20) + '"',
    "a megabyte of regular expression": 'up{job=~"' + "(a|b)" * 200_000 + '"}',
    "a megabyte of digits": "1" * (1 << 20),
    "a megabyte of comment": "# " + "c" * (1 << 20),
    "a megabyte of NUL": "\0" * (1 << 20),
    "a megabyte of surrogates": "\ud800" * (1 << 18),
    "a megabyte of escapes": '"' + "\\x41" * (1 << 18) + '"',
    "a megabyte of stages": '{a="b"}' + " | json" * 150_000,
    "a megabyte of line filters": '{a="b"}' + ' |= "x"' * 150_000,
    "100,000 parentheses": "(" * 100_000 + "up" + ")" * 100_000,
    "100,000 open parentheses": "(" * 100_000,
    "100,000 braces": "{" * 100_000,
    "100,000 brackets": "up" + "[" * 100_000,
    "100,000 minus signs": "-" * 100_000 + "up",
    "20,000 sums": "sum(" * 20_000 + "up" + ")" * 20_000,
    "2,000 subqueries": "max_over_time(" * 2_000 + "up" + "[5m:1m])" * 2_000,
    "20,000 powers": "^".join(["up"] * 20_000),
    "nested repetition": 'up{job=~"' + "(" * 2000 + "a" + "){1,1000}" * 2000 + '"}',
    "140 powers": "^".join(["up"] * 140),
    "deep durations": "up[" + "(" * 5000 + "5m" + ")" * 5000 + "]",
    "a quote": '"',
    "a lone surrogate": "\udfff",
    "NUL in a name": 'up{a\0="b"}',
    "a byte order mark": "\ufeffup",
    "an endless number": "1e" + "9" * 10_000,
    "an endless duration": "up[" + "9" * 10_000 + "y]",
    "a negative time": "up @ -99999999999999999999",
    "garbage": bytes(range(256)).decode("latin-1") * 20,
}


def seeds(language: Language) -> list[str]:
    """Return right queries of a language."""
    if language is PROMQL:
        table = [query for section in sections() for query in section.queries[::11]]
        return [entry.query for entry in read_corpus("promql_corpus.txt")] + table
    return [entry.query for entry in read_corpus("logql_corpus.txt")]
