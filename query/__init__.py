"""The federated query gateway: one URL that answers PromQL and LogQL over many clusters.

Usable as a library and as a program (``lma gateway``); it knows nothing of the ``lma`` service that embeds it.
"""
