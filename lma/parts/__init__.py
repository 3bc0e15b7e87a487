"""The real programs LMA Federation stands on: found on PATH, or built once from their Go modules.

Nothing here downloads a prebuilt binary. ``tools/<part>/`` pins each part as a Go module of its own
(``go.mod`` with ``tool`` directives and ``go.sum`` with the hashes); a build goes into a cache that
survives, keyed by those pins.

Public functions::

    ensure(names, *, progress=None) -> dict[str, Path]   find or build; raises PartsError
    find(name) -> Path | None                            look, never build
    run_checks() -> list[Check]                          what ``lma doctor`` shows

``names`` are names of binaries (``prometheus``, ``promtool``, ``thanos``, ``loki``, ``logcli``,
``alertmanager``, ``amtool``, ``node_exporter``, ``helm``, and for clusters in tests ``kube-apiserver``, ``kubelet``,
``etcd``, ``coredns`` …). Example::

    paths = lma.parts.ensure(["prometheus", "thanos"])
    subprocess.run([paths["prometheus"], "--version"])

On the command line: ``python -m lma.parts build [NAME…]``, ``… path NAME``, ``… list``, ``… doctor``.

Environment: ``LMA_CACHE_DIR`` moves the cache; ``LMA_PARTS_FROM=cache`` ignores PATH, ``=path`` never builds.
"""

from lma.parts.build import ensure
from lma.parts.catalog import BINARIES, PARTS, Binary, Part
from lma.parts.doctor import Check, Status, run_checks
from lma.parts.errors import PartsError
from lma.parts.locate import find
from lma.parts.progress import ConsoleProgress, Progress, SilentProgress

__all__ = [
    "BINARIES",
    "PARTS",
    "Binary",
    "Check",
    "ConsoleProgress",
    "Part",
    "PartsError",
    "Progress",
    "SilentProgress",
    "Status",
    "ensure",
    "find",
    "run_checks",
]
