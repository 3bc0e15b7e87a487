"""label_replace and label_join: new labels from old ones.

Follows ``evalLabelReplace`` and ``evalLabelJoin`` of Prometheus' engine, and the template language of Go's
``Regexp.Expand``: ``$name``, ``${name}``, ``$1``, ``$$``; the name is as long as it can be, an unknown one is empty.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, Protocol, cast

from query.model.errors import BadQueryError, ExecutionError
from query.model.frames import Frame
from query.model.labels import Labels, drop
from query.model.matchers import compile_anchored
from query.promql.evaluate.rows import relabel

_GROUP_DIGITS: Final = 9
_LONE_SURROGATE: Final = re.compile("[\ud800-\udfff]")
"""A byte of a string literal that is not UTF-8; upstream shows it as the replacement character."""


class _Match(Protocol):
    """What is used of a match object."""

    def group(self, group: int) -> str | None:
        """Return the text of a group, None if it took no part."""
        ...

    def groups(self) -> tuple[str | None, ...]:
        """Return the texts of all groups but the whole."""
        ...


class _Pattern(Protocol):
    """What is used of a compiled pattern."""

    @property
    def groupindex(self) -> dict[str, int]:
        """Return the numbers of the named groups."""
        ...


def label_replace(frame: Frame, target: str, replacement: str, source: str, pattern: str) -> Frame:
    """Set ``target`` to ``replacement`` expanded, where the whole value of ``source`` matches the RE2 ``pattern``."""
    try:
        regex = compile_anchored(pattern, captures=True)
    except BadQueryError as error:
        raise ExecutionError(f"invalid regular expression in label_replace(): {pattern}") from error
    _check_name(target, "destination", "label_replace")
    names = cast("_Pattern", regex).groupindex
    expanded: dict[str, str | None] = {}

    def change(labels: Labels) -> Labels:
        value = _value(labels, source)
        if value not in expanded:
            match = cast("_Match | None", regex.fullmatch(value))
            expanded[value] = None if match is None else expand(replacement, match, names)
        text = expanded[value]
        return labels if text is None else set_label(labels, target, text)

    return relabel(frame, change)


def label_join(frame: Frame, target: str, separator: str, sources: Sequence[str]) -> Frame:
    """Set ``target`` to the values of ``sources`` with the separator between them."""
    for source in sources:
        _check_name(source, "source", "label_join")
    _check_name(target, "destination", "label_join")
    return relabel(
        frame,
        lambda labels: set_label(labels, target, separator.join(_value(labels, source) for source in sources)),
    )


def set_label(labels: Labels, name: str, value: str) -> Labels:
    """Return the labels with one of them set; an empty value removes it."""
    others = drop(labels, (name,))
    return tuple(sorted((*others, (name, _LONE_SURROGATE.sub("\ufffd", value))))) if value else others


def expand(template: str, match: _Match, names: dict[str, int]) -> str:
    """Return the template with the groups of the match filled in."""
    text, rest = "", template
    while True:
        before, dollar, rest = rest.partition("$")
        text += before
        if not dollar:
            return text
        if rest.startswith("$"):
            text, rest = text + "$", rest[1:]
            continue
        name, end = _reference(rest)
        if not name:
            text += "$"
            continue
        text, rest = text + _group(name, match, names), rest[end:]


def _reference(rest: str) -> tuple[str, int]:
    """Return the name after a dollar and where the text goes on; no name if it is none."""
    braced = rest.startswith("{")
    start = end = 1 if braced else 0
    while end < len(rest) and (rest[end].isalpha() or rest[end].isdecimal() or rest[end] == "_"):
        end += 1
    if not braced:
        return rest[start:end], end
    return (rest[start:end], end + 1) if rest[end : end + 1] == "}" else ("", 0)


def _group(name: str, match: _Match, names: dict[str, int]) -> str:
    if name.isascii() and name.isdecimal():
        is_group = str(int(name[:_GROUP_DIGITS])) == name and int(name) <= len(match.groups())
        return (match.group(int(name)) or "") if is_group else ""
    return (match.group(names[name]) or "") if name in names else ""


def _value(labels: Labels, name: str) -> str:
    return next((value for label, value in labels if label == name), "")


def is_label_name(name: str) -> bool:
    """Tell whether a string can name a label: any UTF-8 but the empty one."""
    return bool(name) and _LONE_SURROGATE.search(name) is None


def _check_name(name: str, role: str, function: str) -> None:
    if not is_label_name(name):
        raise ExecutionError(f"invalid {role} label name in {function}(): {name}")
