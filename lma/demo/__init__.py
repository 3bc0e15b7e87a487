"""A playground of real Prometheus, Thanos and Loki processes that act as clusters, with the service on top.

Layers, lowest first; the building blocks serve tests and benchmarks too:

* ``errors``, ``ports``, ``processes`` — start, wait until ready, stop in order, never leave an orphan;
* ``prometheus``, ``thanos``, ``loki`` — configuration and command line of one part each;
* ``workload`` — the shop, its traffic, and the shipper of its logs, as programs of their own;
* ``shapes``, ``cluster``, ``service``, ``playground`` — three clusters of different shape, registered
with the service;
* ``check``, ``command`` — what ``lma demo [--check]`` does.
"""
