"""PromQL: syntax, planning over clusters, evaluation on arrays."""
