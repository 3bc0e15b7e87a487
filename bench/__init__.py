"""How much does federation cost: the gateway, Thanos Query and a bare client, over the same clusters, in one run.

``python -m bench --help``. What is measured, and how to read it, is in ``docs/benchmarks.md``.
"""
