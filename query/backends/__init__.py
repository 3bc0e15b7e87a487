"""Backends: one narrow interface to whatever answers for a cluster, and the concerns wrapped around it."""
