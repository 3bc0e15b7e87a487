"""Parses a log pipeline: the stages behind a stream selector."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from query.logql.syntax.cursor import Cursor
from query.logql.syntax.label_filters import parse_label_filter, parse_matcher
from query.logql.syntax.lexer import FLAG, IDENTIFIER, STRING
from query.logql.syntax.nodes import (
    Decolorize,
    DropLabels,
    Extraction,
    JsonExpressionParser,
    JsonParser,
    KeepLabels,
    LabelAssignment,
    LabelChoice,
    LabelFilterStage,
    LabelFormat,
    LineFilter,
    LineFilterOp,
    LineFormat,
    LineMatch,
    LogfmtExpressionParser,
    LogfmtParser,
    PatternParser,
    RegexpParser,
    Stage,
    UnpackParser,
    Unwrap,
)
from query.logql.syntax.patterns import check_line_pattern, check_pattern, check_regexp
from query.model.matchers import MatchOp

_LINE_FILTERS: Final = {op.value: op for op in LineFilterOp}
_MATCH_OPS: Final = frozenset(op.value for op in MatchOp)


def parse_stages(cursor: Cursor) -> tuple[Stage, ...]:
    """Parse stages until something else comes; ``| unwrap`` is something else."""
    stages: list[Stage] = []
    while True:
        if cursor.kind in _LINE_FILTERS:
            stages.extend(_line_filters(cursor))
        elif cursor.kind == "|" and cursor.kind_after(1) != "unwrap":
            cursor.advance()
            stages.append(_stage(cursor))
        else:
            return tuple(stages)


def parse_unwrap(cursor: Cursor) -> Unwrap | None:
    """Parse ``| unwrap …`` with the filters behind it, if it comes next."""
    if cursor.kind != "|" or cursor.kind_after(1) != "unwrap":
        return None
    cursor.advance()
    cursor.advance()
    conversion = cursor.accept("bytes", "duration", "duration_seconds")
    if conversion is not None:
        cursor.expect("(")
    label = str(cursor.expect(IDENTIFIER).value)
    if conversion is not None:
        cursor.expect(")")
    filters = []
    while cursor.accept("|"):
        if cursor.kind not in {IDENTIFIER, "("}:
            raise cursor.unexpected(IDENTIFIER, "(")
        filters.append(parse_label_filter(cursor))
    return Unwrap(label, conversion.kind if conversion is not None else "", tuple(filters))


def _line_filters(cursor: Cursor) -> list[LineFilter]:
    op = _LINE_FILTERS[cursor.advance().kind]
    matches = [_line_match(cursor, op)]
    while cursor.kind == "or" and cursor.kind_after(1) in {STRING, "ip"}:
        cursor.advance()
        matches.append(_line_match(cursor, op))
    if op.is_negative:
        return [LineFilter(op, (match,)) for match in matches]
    return [LineFilter(op, tuple(matches))]


def _line_match(cursor: Cursor, op: LineFilterOp) -> LineMatch:
    if cursor.accept("ip"):
        if op not in {LineFilterOp.CONTAINS, LineFilterOp.NOT_CONTAINS}:
            raise cursor.error("ip: invalid operation")
        cursor.expect("(")
        pattern = cursor.string()
        cursor.expect(")")
        return LineMatch(pattern, is_ip=True)
    if cursor.kind != STRING:
        raise cursor.unexpected(STRING, "ip")
    if op in {LineFilterOp.REGEX, LineFilterOp.NOT_REGEX}:
        return LineMatch(cursor.regex())
    token = cursor.token
    value = cursor.string()
    if op in {LineFilterOp.PATTERN, LineFilterOp.NOT_PATTERN}:
        with cursor.blaming(token):
            check_line_pattern(value)
    return LineMatch(value)


def _stage(cursor: Cursor) -> Stage:
    parse = _STAGES.get(cursor.kind)
    if parse is not None:
        cursor.advance()
        return parse(cursor)
    if cursor.kind in {IDENTIFIER, "("}:
        return LabelFilterStage(parse_label_filter(cursor))
    raise cursor.unexpected()


def _json(cursor: Cursor) -> Stage:
    extractions = _extractions(cursor)
    return JsonExpressionParser(extractions) if extractions else JsonParser()


def _logfmt(cursor: Cursor) -> Stage:
    flags: set[str] = set()
    while (flag := cursor.accept(FLAG)) is not None:
        flags.add(flag.text)
    strict, keep_empty = "--strict" in flags, "--keep-empty" in flags
    extractions = _extractions(cursor)
    if extractions:
        return LogfmtExpressionParser(extractions, strict, keep_empty)
    return LogfmtParser(strict, keep_empty)


def _extractions(cursor: Cursor) -> tuple[Extraction, ...]:
    found: list[Extraction] = []
    if cursor.kind != IDENTIFIER:
        return ()
    while True:
        name = str(cursor.expect(IDENTIFIER).value)
        found.append(Extraction(name, cursor.string() if cursor.accept("=") else name))
        if not cursor.accept(","):
            return tuple(found)


def _pattern(cursor: Cursor) -> Stage:
    token = cursor.token
    pattern = cursor.string()
    with cursor.blaming(token):
        check_pattern(pattern)
    return PatternParser(pattern)


def _label_format(cursor: Cursor) -> Stage:
    assignments: list[LabelAssignment] = []
    while True:
        token = cursor.expect(IDENTIFIER)
        name = str(token.value)
        cursor.expect("=")
        if name in {assignment.name for assignment in assignments}:
            raise cursor.error(f"multiple label name '{name}' not allowed in a single format operation", token)
        if name == "__error__":
            raise cursor.error("__error__ cannot be formatted", token)
        value = cursor.expect(IDENTIFIER, STRING)
        assignments.append(LabelAssignment(name, str(value.value), is_rename=value.kind == IDENTIFIER))
        if not cursor.accept(","):
            return LabelFormat(tuple(assignments))


def _choices(cursor: Cursor) -> tuple[LabelChoice, ...]:
    choices: list[LabelChoice] = []
    while True:
        if cursor.kind_after(1) in _MATCH_OPS:
            choices.append(parse_matcher(cursor))
        else:
            choices.append(str(cursor.expect(IDENTIFIER).value))
        if not cursor.accept(","):
            return tuple(choices)


_STAGES: Final[dict[str, Callable[[Cursor], Stage]]] = {
    "json": _json,
    "logfmt": _logfmt,
    "regexp": lambda cursor: RegexpParser(cursor.regex(check_regexp)),
    "pattern": _pattern,
    "unpack": lambda _: UnpackParser(),
    "line_format": lambda cursor: LineFormat(cursor.string()),
    "label_format": _label_format,
    "decolorize": lambda _: Decolorize(),
    "drop": lambda cursor: DropLabels(_choices(cursor)),
    "keep": lambda cursor: KeepLabels(_choices(cursor)),
}
