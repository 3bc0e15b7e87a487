"""Merging what clusters answer in LogQL: log streams by time, labels as the union would show them."""

from query.logql.merge.relabel import union_labels
from query.logql.merge.streams import Direction, merge_streams

__all__ = ["Direction", "merge_streams", "union_labels"]
