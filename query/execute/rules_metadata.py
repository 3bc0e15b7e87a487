"""Rules and alerts of all clusters.

Groups of different clusters stay apart: upstream identifies a group by file and name, so the file gets the cluster's
name as its first folder. Names and types are the clusters' to choose by; labels are looked at here, where the
cluster's are known; and paging only makes sense over the union.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from query.backends.base import Request
from query.execute.fanout import Member
from query.execute.metadata_answer import MetadataAnswer
from query.execute.metadata_ask import MetadataAsker, Params, Parts
from query.execute.options import QueryOptions
from query.model.clusters import Cluster
from query.model.errors import BadRequestError
from query.model.labels import with_constants
from query.model.matchers import Matcher

Selectors: TypeAlias = tuple[tuple[Matcher, ...], ...]


@dataclass(frozen=True, slots=True)
class RulesFilter:
    """What is asked of the rules. ``passed_on`` are the parameters every cluster gets as they are."""

    passed_on: Params = ()
    files: tuple[str, ...] = ()
    selectors: Selectors = ()
    group_limit: int = 0
    group_next_token: str = ""


class RulesMetadata:
    """Answers what the clusters' rules are and which alerts are active."""

    def __init__(self, asker: MetadataAsker) -> None:
        self._asker = asker

    async def rules(self, wanted: RulesFilter, options: QueryOptions) -> MetadataAnswer:
        """Return the groups of every cluster by file and name; its labels are added to rules and their alerts."""

        def request(member: Member) -> Request | None:
            files = _own_files(wanted.files, member.cluster)
            if wanted.files and not files:
                return None
            if wanted.selectors and not any(map(member.cluster.admits, wanted.selectors)):
                return None
            return Request("/api/v1/rules", params=wanted.passed_on + files)

        def unite(parts: Parts[dict[str, Any]]) -> dict[str, Any]:
            groups = [
                _group_of(cluster, group, wanted.selectors)
                for cluster, found in parts
                for group in found.get("groups") or []
            ]
            found_groups = [group for group in groups if group["rules"]]
            return _page(sorted(found_groups, key=lambda group: (group["file"], group.get("name", ""))), wanted)

        return await self._asker.each(request, dict[str, Any], options, unite)

    async def alerts(self, options: QueryOptions) -> MetadataAnswer:
        """Return the active alerts of every cluster, with its labels."""

        def unite(parts: Parts[dict[str, Any]]) -> dict[str, Any]:
            return {
                "alerts": [
                    _with_labels(alert, cluster) for cluster, found in parts for alert in found.get("alerts") or []
                ]
            }

        return await self._asker.all("/api/v1/alerts", dict[str, Any], options, unite)


def _page(groups: Sequence[dict[str, Any]], wanted: RulesFilter) -> dict[str, Any]:
    """Return one page of the groups, and the token of the group that comes behind it."""
    start = 0
    if wanted.group_next_token:
        tokens = [_token(group) for group in groups]
        if wanted.group_next_token not in tokens:
            raise BadRequestError(
                "group_next_token",
                f"invalid group_next_token '{wanted.group_next_token}'. were rule groups changed?",
            )
        start = tokens.index(wanted.group_next_token)
    if not wanted.group_limit:
        return {"groups": list(groups)}
    end = start + wanted.group_limit
    page: dict[str, Any] = {"groups": list(groups[start:end])}
    if end < len(groups):
        page["groupNextToken"] = _token(groups[end])
    return page


def _token(group: Mapping[str, Any]) -> str:
    return hashlib.sha256(f"{group['file']};{group.get('name', '')}".encode()).hexdigest()


def _own_files(files: Sequence[str], cluster: Cluster) -> Params:
    """Return the files a cluster is asked for: those under its name, and those that name no cluster at all."""
    prefix = f"{cluster.name}/"
    return tuple(
        ("file[]", text.removeprefix(prefix)) for text in files if text.startswith((prefix, "/")) or "/" not in text
    )


def _with_labels(item: Mapping[str, Any], cluster: Cluster) -> dict[str, Any]:
    labels = item.get("labels") or {}
    return {**item, "labels": dict(with_constants(tuple(labels.items()), cluster.constants))}


def _group_of(cluster: Cluster, group: Mapping[str, Any], selectors: Selectors) -> dict[str, Any]:
    """Return a cluster's group with its labels on it and the rules whose labels match one of the selectors, if any."""
    rules = []
    for rule in group.get("rules") or []:
        labelled = _with_labels(rule, cluster)
        if selectors and not any(_matches(labelled["labels"], matchers) for matchers in selectors):
            continue
        if isinstance(rule.get("alerts"), list):
            labelled["alerts"] = [_with_labels(alert, cluster) for alert in rule["alerts"]]
        rules.append(labelled)
    return {**group, "file": f"{cluster.name}/{group.get('file', '')}", "rules": rules}


def _matches(labels: Mapping[str, str], matchers: Iterable[Matcher]) -> bool:
    return all(matcher.matches(labels.get(matcher.name, "")) for matcher in matchers)
