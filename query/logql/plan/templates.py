"""What a Go template (``line_format``, ``label_format``) reads, and putting a constant where it reads a label.

Reading ``.cluster`` where the backend does not show ``cluster`` would give nothing. The label's value is known when a
query is planned, so the field is replaced by a string literal, which may stand wherever a field may. That is exact for
templates that name the labels they read. It can't be done for one that takes the whole set of labels (a bare ``.``,
``$``, ``index``, a nested template), nor where ``with`` or ``range`` may give ``.name`` another meaning.

Example::

    >>> substitute("{{.app}} on {{ .cluster | ToUpper }}", {"cluster": "seoul"})
    '{{.app}} on {{ "seoul" | ToUpper }}'
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from query.model.errors import UnsupportedError
from query.syntax.strings import quote

_ACTION: Final = re.compile(
    r"""\{\{-?\s*/\*.*?\*/\s*-?\}\}|\{\{(?P<body>(?:"(?:[^"\\]|\\.)*"|`[^`]*`|'(?:[^'\\]|\\.)*'|[^"`'}]|\}(?!\}))*)\}\}""",
    re.DOTALL,
)
_TOKEN: Final = re.compile(
    r"""(?P<string>"(?:[^"\\]|\\.)*"|`[^`]*`|'(?:[^'\\]|\\.)*')"""
    r"|(?P<number>[0-9][0-9a-zA-Z_.]*)"
    r"|(?P<field>(?:\.[^\W\d]\w*)+)|(?P<variable>\$\w*)|(?P<dot>\.)|(?P<word>[^\W\d]\w*)|(?P<other>\s+|.)",
    re.DOTALL,
)
_WHOLE: Final = frozenset({"index", "template", "block", "define"})
_REBINDING: Final = frozenset({"with", "range"})


@dataclass(frozen=True, slots=True)
class _Field:
    """``.name`` or ``.name.rest`` of the labels, from ``start`` to ``end`` of the template."""

    start: int
    end: int
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Reading:
    fields: tuple[_Field, ...]
    takes_whole: bool
    rebinds: bool


def substitute(template: str, values: Mapping[str, str], stage: str = "line_format") -> str:
    """Return the template with the fields named in ``values`` replaced by their values.

    Raises ``UnsupportedError`` naming ``stage`` where that would not mean the same.
    """
    if "{{" not in template:
        return template
    reading = _read(template)
    touched = [field for field in reading.fields if field.names[0] in values]
    if reading.takes_whole:
        raise _refused(stage, "the template reads the whole set of labels", values)
    if touched and reading.rebinds:
        raise _refused(stage, "the template reads it beside 'with' or 'range', which change what it means", values)
    if any(len(field.names) > 1 for field in touched):
        raise _refused(stage, "the template reads a field of the label's value", values)
    parts: list[str] = []
    done = 0
    for field in touched:
        parts += [template[done : field.start], quote(values[field.names[0]])]
        done = field.end
    return "".join(parts) + template[done:]


def fields(template: str) -> frozenset[str]:
    """Return the names of the labels a template reads by name."""
    return frozenset(field.names[0] for field in _read(template).fields)


def literal_template(value: str) -> str:
    """Return a template that gives ``value`` whatever it contains."""
    return "{{" + quote(value) + "}}" if "{{" in value else value


def _refused(stage: str, reason: str, values: Mapping[str, str]) -> UnsupportedError:
    names = ", ".join(sorted(values))
    return UnsupportedError(
        stage,
        f"{reason}, and a backend does not show {names} itself",
        remedy="name the labels in the template, or let the backend's streams carry the label",
    )


def _read(template: str) -> _Reading:
    found: list[_Field] = []
    takes_whole = rebinds = False
    for action in _ACTION.finditer(template):
        if action["body"] is None:
            continue
        for kind, text, start in _tokens(action["body"], action.start("body")):
            if kind == "field":
                found.append(_Field(start, start + len(text), tuple(text[1:].split("."))))
            takes_whole = takes_whole or kind == "dot" or text == "$" or (kind == "word" and text in _WHOLE)
            rebinds = rebinds or (kind == "word" and text in _REBINDING)
    return _Reading(tuple(found), takes_whole, rebinds)


def _tokens(body: str, offset: int) -> Iterator[tuple[str, str, int]]:
    """Yield kind, text and offset; a field that continues a value (``(f .x).name``) is no field of the labels."""
    continues = False
    for token in _TOKEN.finditer(body):
        kind = token.lastgroup or "other"
        if kind == "field" and continues:
            kind = "chain"
        yield kind, token.group(), offset + token.start()
        continues = token.group() == ")" or (kind == "variable" and token.group() != "$")
