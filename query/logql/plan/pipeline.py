"""Cuts a log pipeline to what one cluster is asked.

Where the backend shows a constant on its streams, everything about it is left as written. Where it does not, the
pipeline must mean the same without it: matchers on it have been answered by choosing the cluster, conditions on it are
settled, templates get its value, ``drop`` and ``keep`` forget it. What then differs from the union is only its name on
fields parsed from the lines (``cluster`` instead of ``cluster_extracted``), which is mended in the answer; so a stage
that reads ``cluster_extracted`` is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from query.logql.plan.conditions import ALWAYS, labels_read, settle
from query.logql.plan.context import PlanContext, hidden_constants
from query.logql.plan.templates import fields, literal_template, substitute
from query.logql.syntax.nodes import (
    DropLabels,
    KeepLabels,
    LabelAssignment,
    LabelChoice,
    LabelFilterStage,
    LabelFormat,
    LineFormat,
    LogQuery,
    LogRange,
    Parser,
    Stage,
    Unwrap,
)
from query.logql.syntax.validate import selects_something
from query.model.clusters import Cluster
from query.model.errors import UnsupportedError
from query.model.matchers import Matcher, MatchOp

EXTRACTED: Final = "_extracted"
"""What Loki appends to the name of a parsed field whose stream has a label of that name."""

NOTHING: Final = Matcher("__lma_absent__", MatchOp.EQUAL, "")
"""A choice for ``drop`` and ``keep`` that chooses nothing."""


@dataclass(frozen=True, slots=True)
class CutQuery:
    """``query`` is None if nothing in the cluster can pass; ``visible`` names the constants on what passes."""

    query: LogQuery | None
    visible: frozenset[str]


@dataclass(frozen=True, slots=True)
class CutRange:
    """As ``CutQuery``, for a range."""

    range: LogRange | None
    visible: frozenset[str]


def cut_query(query: LogQuery, cluster: Cluster, context: PlanContext) -> CutQuery:
    """Return the cluster's part of a log query; ``UnsupportedError`` where it would not be exact."""
    cutter = _Cutter(cluster)
    return cutter.query(query, context)


def cut_range(log_range: LogRange, cluster: Cluster, context: PlanContext) -> CutRange:
    """Return the cluster's part of a range; ``UnsupportedError`` where it would not be exact."""
    cutter = _Cutter(cluster)
    cut = cutter.query(log_range.query, context)
    if cut.query is None:
        return CutRange(None, cut.visible)
    unwrap = log_range.unwrap
    if unwrap is not None:
        unwrap = cutter.unwrap(unwrap)
        if unwrap is None:
            return CutRange(None, cutter.visible)
    query = cut.query
    if cutter.has_settled_reads and parses(query):
        # Loki's parsers stop at the labels that are read later; one that is never found keeps them going as far as the
        # label that was settled here would have, so that the same lines fail to parse
        query = replace(query, stages=(*query.stages, LabelFilterStage(ALWAYS)))
    return CutRange(replace(log_range, query=query, unwrap=unwrap), cutter.visible)


def parses(query: LogQuery) -> bool:
    """Tell whether the pipeline takes labels from the lines."""
    return any(isinstance(stage, Parser) for stage in query.stages)


class _Cutter:
    """The walk over the stages. ``_values`` holds what a hidden constant reads as by now, empty once dropped."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._values = hidden_constants(cluster)
        self._extracted = frozenset(f"{name}{EXTRACTED}" for name in self._values)
        self.visible = frozenset(cluster.constants)
        self.has_settled_reads = False

    def query(self, query: LogQuery, context: PlanContext) -> CutQuery:
        if not self._cluster.admits(query.matchers):
            return CutQuery(None, self.visible)
        stages: list[Stage] = []
        for stage in query.stages:
            names = reads(stage)
            self._check_reads(names, stage)
            if not isinstance(stage, DropLabels | KeepLabels):
                self._note_reads(names)
            cut = self._stage(stage)
            if cut is False:
                return CutQuery(None, self.visible)
            if cut is not True:
                stages.append(cut)
        return CutQuery(LogQuery(self._matchers(query.matchers, context), tuple(stages)), self.visible)

    def unwrap(self, unwrap: Unwrap) -> Unwrap | None:
        """Return the cluster's part of ``unwrap``, None if nothing can pass its filters."""
        if unwrap.label in self._values or unwrap.label in self._extracted:
            raise self._refused(f"unwrap {unwrap.label}", f"it computes with the label {unwrap.label!r}")
        kept = []
        for condition in unwrap.filters:
            names = labels_read(condition)
            self._check_reads(names, f"unwrap {unwrap.label} | …")
            self._note_reads(names)
            settled = settle(condition, self._values)
            if settled is False:
                return None
            if settled is not True:
                kept.append(settled)
        return replace(unwrap, filters=tuple(kept))

    def _matchers(self, matchers: Sequence[Matcher], context: PlanContext) -> tuple[Matcher, ...]:
        kept = tuple(matcher for matcher in matchers if matcher.name not in self._values)
        if selects_something(kept):
            return kept
        for name in sorted(self._cluster.shown):
            return (*kept, Matcher(name, MatchOp.EQUAL, self._cluster.constants[name]))
        label = context.covered_by.get(self._cluster.name)
        if label is not None:
            return (*kept, Matcher(label, MatchOp.REGEX, ".+"))
        hidden = ", ".join(sorted(self._values))
        raise UnsupportedError(
            "the stream selector",
            f"cluster {self._cluster.name!r} does not show {hidden} on its streams, Loki takes no selector that could "
            "select everything, and no label was found that all of its streams carry",
            remedy='add a matcher on another label, for instance service_name=~".+"',
        )

    def _stage(self, stage: Stage) -> Stage | bool:
        """Return what is left of a stage; True: nothing is needed, False: nothing can pass."""
        match stage:
            case LabelFilterStage():
                settled = settle(stage.filter, self._values)
                return settled if isinstance(settled, bool) else LabelFilterStage(settled)
            case LineFormat():
                return LineFormat(substitute(stage.template, self._values)) if self._values else stage
            case LabelFormat():
                return self._label_format(stage)
            case DropLabels():
                return self._drop(stage)
            case KeepLabels():
                return self._keep(stage)
            case _:
                return stage

    def _label_format(self, stage: LabelFormat) -> Stage | bool:
        assignments: list[LabelAssignment] = []
        for item in stage.assignments:
            if item.name in self._values:
                raise self._refused(f"label_format {item.name}=…", f"it sets the label {item.name!r}")
            if not item.is_rename:
                template = substitute(item.value, self._values, "label_format") if self._values else item.value
                item = replace(item, value=template)  # noqa: PLW2901  (the cut form of the item)
            elif item.value in self._values:
                value = self._values[item.value]
                self._forget(item.value)
                if not value:
                    continue
                item = LabelAssignment(item.name, literal_template(value), is_rename=False)  # noqa: PLW2901
            else:
                self.visible -= {item.value}
            self.visible -= {item.name}
            assignments.append(item)
        return LabelFormat(tuple(assignments)) if assignments else True

    def _drop(self, stage: DropLabels) -> Stage | bool:
        sent = self._choose(stage.choices, self._forget)
        return DropLabels(sent) if sent else True

    def _keep(self, stage: KeepLabels) -> Stage:
        kept: set[str] = set()
        sent = self._choose(stage.choices, kept.add)
        for name in self.visible - kept:
            self._forget(name)
        return KeepLabels(sent or (NOTHING,))

    def _choose(self, choices: Sequence[LabelChoice], chosen: Callable[[str], None]) -> tuple[LabelChoice, ...]:
        """Call ``chosen`` with the constants the choices take, and return the choices left for the backend."""
        sent: list[LabelChoice] = []
        for choice in choices:
            name = choice if isinstance(choice, str) else choice.name
            value = self._cluster.constants.get(name, "") if name in self.visible else ""
            if name in self.visible and (isinstance(choice, str) or choice.matches(value)):
                chosen(name)
            if name not in self._values:
                sent.append(choice)
        if sent and len(sent) < len(choices) and isinstance(sent[-1], str):
            sent.append(NOTHING)  # a bare name at the end would take a line filter behind it as its condition
        return tuple(sent)

    def _forget(self, name: str) -> None:
        self.visible -= {name}
        if name in self._values:
            self._values[name] = ""

    def _note_reads(self, names: frozenset[str]) -> None:
        self.has_settled_reads = self.has_settled_reads or not names.isdisjoint(self._values)

    def _check_reads(self, names: frozenset[str], node: Stage | str) -> None:
        found = sorted(names & self._extracted)
        if found:
            text = node if isinstance(node, str) else type(node).__name__
            raise self._refused(text, f"it uses the label {found[0]!r}")

    def _refused(self, node: str, reason: str) -> UnsupportedError:
        hidden = ", ".join(sorted(self._values))
        return UnsupportedError(
            node,
            f"{reason}, and cluster {self._cluster.name!r} does not show {hidden} on its streams",
            remedy="let the streams carry the label, or leave the cluster out in the stream selector",
        )


def reads(stage: Stage) -> frozenset[str]:
    """Return the labels a stage names."""
    return frozenset(_names(stage))


def _names(stage: Stage) -> Iterator[str]:
    match stage:
        case LabelFilterStage():
            yield from labels_read(stage.filter)
        case LineFormat():
            yield from fields(stage.template)
        case LabelFormat():
            for item in stage.assignments:
                yield item.name
                yield from {item.value} if item.is_rename else fields(item.value)
        case DropLabels() | KeepLabels():
            for choice in stage.choices:
                yield choice if isinstance(choice, str) else choice.name
        case _:
            return
