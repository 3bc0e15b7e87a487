"""Fields detected in lines: names, values and kinds as Loki gives them."""

from __future__ import annotations

import pytest

from query.logql.detect import detect_fields, field_values, json_fields, logfmt_fields
from query.logql.detect.fields import DetectableLine
from query.logql.detect.kinds import kind_of, shown_value

NONE: frozenset[str] = frozenset()


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ('{"a": 1.50, "b": {"c d": "x", "e": {"f": true}}}', {"a": "1.50", "b_c_d": "x", "b_e_f": "true"}),
        ('{"a": null, "b": [1, {"c": 2}], "d": {}, "e": ""}', {"e": ""}),
        ('{"1a": "x", "": "y", " ": {"z": "w"}}', {"_1a": "x", "z": "w"}),
        (' {"a": "1"} trailing', {"a": "1"}),
        ('{"a": "x", "a": "y"}', {"a": "y"}),
        ('{"app": "x"}', {"app_extracted": "x"}),
        ("{}", {}),
    ],
)
def test_json(line: str, found: dict[str, str]) -> None:
    fields = json_fields(line, frozenset({"app"}))
    assert fields is not None
    assert {name: value for name, (value, _) in fields.items()} == found


@pytest.mark.parametrize("line", ["", "[1]", '{"a": ', '{"a": NaN}', "text", '"text"', '{"a":' * 100_000])
def test_no_json(line: str) -> None:
    assert json_fields(line, NONE) is None


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("a=1 b=two c", {"a": "1", "b": "two"}),
        ('a="x y" b="say \\"hi\\"\\n"', {"a": "x y", "b": 'say "hi"\n'}),
        ("a= b=1 =2 c=3", {"b": "1", "c": "3"}),
        ('a=x"y b=1', {"b": "1"}),
        ("a=x=y b=1", {"b": "1"}),
        ('x"y=1 b=2', {"b": "2"}),
        ('a="open b=1', {}),
        ("a.b-c=1 9=2", {"a_b_c": "1", "_9": "2"}),
        ("app=x", {"app_extracted": "x"}),
        ("free text only", {}),
        ("", {}),
    ],
)
def test_logfmt(line: str, found: dict[str, str]) -> None:
    assert logfmt_fields(line, frozenset({"app"})) == found


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("12", "int"),
        ("-12", "int"),
        ("99999999999999999999", "float"),
        ("1.5e3", "float"),
        ("inf", "float"),
        ("true", "boolean"),
        ("12ms", "duration"),
        ("1h2m", "duration"),
        ("12KB", "bytes"),
        ("1,024 KiB", "bytes"),
        ("12 parsecs", "string"),
        ("", "string"),
    ],
)
def test_kinds(value: str, kind: str) -> None:
    assert kind_of(value) == kind


@pytest.mark.parametrize(
    ("value", "shown"), [("1500 KB", "1.5MB"), ("9b", "9B"), ("12 MiB", "13MB"), ("12", "12"), ("abc", "abc")]
)
def test_sizes_are_shown_as_logql_reads_them(value: str, shown: str) -> None:
    assert shown_value(value) == shown


def test_fields_of_lines() -> None:
    labels = (("app", "x"),)
    lines = [
        DetectableLine(labels, '{"a": 1, "b": {"c": "x"}}', {"trace": "t1"}, {}),
        DetectableLine(labels, "a=2 d=3ms", {}, {"a": "2", "__error__": "JSONParserErr"}),
    ]
    found = {field.name: field for field in detect_fields(lines, 10)}
    assert {name: (field.kind, sorted(field.values), field.parsers, field.path) for name, field in found.items()} == {
        "trace": ("string", ["t1"], [], ()),
        "a": ("int", ["1", "2"], ["json", "logfmt"], ("a",)),
        "b_c": ("string", ["x"], ["json"], ("b", "c")),
        "d": ("duration", ["3ms"], ["logfmt"], ()),
    }
    assert len(detect_fields(lines, 2)) == 2
    assert field_values(lines, "a", 10) == ["1", "2"]
    assert field_values(lines, "a", 1) == ["1"]
