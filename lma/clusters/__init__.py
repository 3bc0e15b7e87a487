"""Connecting clusters: how they are reached, who we are there, what is found, and whether it still holds.

A connector turns what a person gave (a kubeconfig, an EKS cluster's name) into a ``Connection``: a transport for
queries and an API for the few calls of the control plane. Everything above ``connection`` is the same for all kinds.
The only room that knows the Kubernetes client (docs/decisions/0013-kubernetes-client.md).
"""
