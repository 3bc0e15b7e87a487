"""A file that exists in memory only, for libraries that read secrets from paths and nothing else."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def memory_file(text: str) -> Iterator[str]:
    """Give the path of an anonymous file with this text; it is gone when the block ends, and was never on a disk."""
    descriptor = os.memfd_create("lma", os.MFD_CLOEXEC)
    try:
        os.write(descriptor, text.encode())
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)
