"""LMA Federation: logging, monitoring and alerting over many Kubernetes clusters, run as a service."""
