"""Which server of a cluster a query is asked at: one of its Prometheus replicas, or the complete view over them.

``docs/decisions/0006-replicas.md`` gives the reasons. From the bottom: ``spans``, ``evidence``, ``look``, ``known``,
``replica_set``, ``choose``.
"""
