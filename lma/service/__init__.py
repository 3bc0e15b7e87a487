"""``lma serve``: registry, control plane and query gateway put together as one process."""
