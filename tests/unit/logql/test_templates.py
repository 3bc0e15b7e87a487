"""Constants put into Go templates."""

from __future__ import annotations

import pytest

from query.logql.plan.templates import fields, literal_template, substitute
from query.model.errors import UnsupportedError

VALUES = {"cluster": 'se"oul'}


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("no action .cluster", "no action .cluster"),
        ("{{.cluster}}", '{{"se\\"oul"}}'),
        ("a {{- .cluster -}} b", 'a {{- "se\\"oul" -}} b'),
        ('{{ printf "%s .cluster }}" .cluster }}', '{{ printf "%s .cluster }}" "se\\"oul" }}'),
        ("{{ `.cluster` }}{{/* .cluster */}}", "{{ `.cluster` }}{{/* .cluster */}}"),
        ("{{ (fromJson .a).cluster }}", "{{ (fromJson .a).cluster }}"),
        ("{{ $x := .cluster }}{{ $x }}{{ $x.cluster }}", '{{ $x := "se\\"oul" }}{{ $x }}{{ $x.cluster }}'),
        ("{{ if eq .cluster `a` }}{{ .clusters }}{{ end }}", '{{ if eq "se\\"oul" `a` }}{{ .clusters }}{{ end }}'),
        ("{{ with .app }}x{{ end }}", "{{ with .app }}x{{ end }}"),
        ("{{ .cluster", "{{ .cluster"),
        ("{{ round 0.5 .cluster }}", '{{ round 0.5 "se\\"oul" }}'),
    ],
)
def test_substitution(template: str, expected: str) -> None:
    assert substitute(template, VALUES) == expected


@pytest.mark.parametrize(
    "template",
    ["{{.}}", "{{ $.cluster }}", '{{ index . "cluster" }}', '{{ template "x" .a }}', '{{ define "x" }}{{ end }}'],
)
def test_templates_that_take_all_labels_are_refused(template: str) -> None:
    with pytest.raises(UnsupportedError, match="does not show cluster itself"):
        substitute(template, VALUES)


def test_fields() -> None:
    assert fields("{{.a}} {{ .b.c | f .d }} .e {{`.f`}}") == {"a", "b", "d"}


def test_a_literal_may_contain_actions() -> None:
    assert literal_template("plain") == "plain"
    assert literal_template("{{.x}}") == '{{"{{.x}}"}}'
