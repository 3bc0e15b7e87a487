"""Real work for a cluster to observe: a shop, people who visit it, and a shipper of what it logs.

Three programs, so that each can be stopped alone::

    python -m lma.demo.workload shop --port 8001 --port 8002 --logs DIR      serve, count, log
    python -m lma.demo.workload traffic --rate 6 http://127.0.0.1:8001 …     visit
    python -m lma.demo.workload ship --loki http://127.0.0.1:3100 --logs DIR send the lines to Loki

Nothing here is simulated but the shop's own work (a pause of random length) and its failures (a given share).
"""
