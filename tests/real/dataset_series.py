"""All series of the data set, put together from its makers."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from tests.real.dataset import CLUSTERS, DataCluster, Series
from tests.real.dataset_floats import FLOAT_MAKERS
from tests.real.dataset_histograms import HISTOGRAM_MAKERS


def series_of(cluster: DataCluster) -> list[Series]:
    """Return all series of a cluster, without its constant labels."""
    return [
        series
        for make in (*FLOAT_MAKERS, *HISTOGRAM_MAKERS)
        for series in make(cluster, random.Random(f"{cluster.name}/{make.__name__}"))  # noqa: S311 - a data set, not a secret
    ]


def union_of(clusters: Sequence[DataCluster]) -> list[Series]:
    """Return the series of all clusters with their constant labels: what one server of the whole fleet holds."""
    return [
        replace(series, labels={**series.labels, **cluster.constants})
        for cluster in clusters
        for series in series_of(cluster)
    ]


def metric_names() -> list[str]:
    """Return the names of all metrics, as ``label/__name__/values`` lists them."""
    return sorted({series.metric for cluster in CLUSTERS for series in series_of(cluster)})
