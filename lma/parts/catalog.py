"""Which parts there are, at which version, and from which version on somebody else's binary will do.

The exact pins (and the hash of every module) are in ``tools/<part>/go.mod`` and ``go.sum``; ``version``
here is what the binary shall call itself. ``tests/parts`` holds the two against each other.

Build tags are part of what makes a binary work, not a matter of taste:

* Prometheus without ``remove_all_sd`` pulls in every cloud's service discovery, of which the demo needs none;
* Thanos without ``slicelabels`` compiles, and panics at the first answer it gets over gRPC.

``grafana_promlib`` alone is a program of ours: Grafana offers the backend of its Prometheus data source as a library,
and the few lines around it (``tools/grafana_promlib/main.go``) make it a client the tests can run.
"""

from __future__ import annotations

from dataclasses import dataclass

from lma.parts.errors import UnknownPartError

Version = tuple[int, int, int]

_COMMON_VERSION = "github.com/prometheus/common/version.Version"
_LOKI_VERSION = "github.com/grafana/loki/v3/pkg/util/build.Version"


@dataclass(frozen=True, slots=True)
class Binary:
    """One executable: its name, its main package, and how it tells its version.

    ``built_as`` is what Go calls it where that is not its name: the last element of the package's path.
    """

    name: str
    package: str
    version_args: tuple[str, ...] = ("--version",)
    built_as: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """One Go module and the executables it gives.

    ``minimum`` (inclusive) and ``below`` (exclusive) bound the versions that are accepted from PATH.
    ``version_variable`` (empty: the source has it) is set by the linker to ``version_text``, so ``--version`` tells
    the truth; ``variables`` are others that must be set with it. A part that is not ``is_everyday`` is built when it is
    asked for by name, not with all the others.
    """

    name: str
    module: str
    module_version: str
    version: str
    binaries: tuple[Binary, ...]
    minimum: Version
    below: Version
    version_variable: str
    tags: tuple[str, ...] = ()
    version_prefix: str = ""
    variables: tuple[tuple[str, str], ...] = ()
    is_everyday: bool = True

    @property
    def version_text(self) -> str:
        """The version as the part's own release would print it."""
        return self.version_prefix + self.version

    def accepts(self, version: Version) -> bool:
        """Tell whether a binary of that version can stand in for ours."""
        return self.minimum <= version < self.below


PARTS: tuple[Part, ...] = (
    Part(
        name="prometheus",
        module="github.com/prometheus/prometheus",
        module_version="v0.316.0",
        version="3.16.0",
        binaries=(
            Binary("prometheus", "github.com/prometheus/prometheus/cmd/prometheus"),
            Binary("promtool", "github.com/prometheus/prometheus/cmd/promtool"),
        ),
        minimum=(3, 10, 0),
        below=(4, 0, 0),
        version_variable=_COMMON_VERSION,
        tags=("remove_all_sd", "enable_kubernetes_sd", "enable_dns_sd"),
    ),
    Part(
        name="thanos",
        module="github.com/thanos-io/thanos",
        module_version="v0.42.4",
        version="0.42.4",
        binaries=(Binary("thanos", "github.com/thanos-io/thanos/cmd/thanos"),),
        minimum=(0, 40, 0),
        below=(1, 0, 0),
        version_variable=_COMMON_VERSION,
        tags=("netgo", "slicelabels"),
    ),
    Part(
        name="loki",
        module="github.com/grafana/loki/v3",
        module_version="v3.7.8",
        version="3.7.8",
        binaries=(
            Binary("loki", "github.com/grafana/loki/v3/cmd/loki"),
            Binary("logcli", "github.com/grafana/loki/v3/cmd/logcli"),
        ),
        minimum=(3, 5, 0),
        below=(4, 0, 0),
        version_variable=_LOKI_VERSION,
    ),
    Part(
        name="node_exporter",
        module="github.com/prometheus/node_exporter",
        module_version="v1.12.1",
        version="1.12.1",
        binaries=(Binary("node_exporter", "github.com/prometheus/node_exporter"),),
        minimum=(1, 7, 0),
        below=(2, 0, 0),
        version_variable=_COMMON_VERSION,
    ),
    Part(
        name="alertmanager",
        module="github.com/prometheus/alertmanager",
        module_version="v0.31.1",
        version="0.31.1",
        binaries=(
            Binary("alertmanager", "github.com/prometheus/alertmanager/cmd/alertmanager"),
            Binary("amtool", "github.com/prometheus/alertmanager/cmd/amtool"),
        ),
        minimum=(0, 27, 0),
        below=(1, 0, 0),
        version_variable=_COMMON_VERSION,
    ),
    Part(
        name="helm",
        module="helm.sh/helm/v3",
        module_version="v3.22.0",
        version="3.22.0",
        binaries=(Binary("helm", "helm.sh/helm/v3/cmd/helm", version_args=("version", "--short")),),
        minimum=(3, 14, 0),
        below=(4, 0, 0),
        version_variable="helm.sh/helm/v3/internal/version.version",
        version_prefix="v",
    ),
    Part(
        name="kubernetes",
        module="k8s.io/kubernetes",
        module_version="v1.37.2",
        version="1.37.2",
        binaries=tuple(
            Binary(name, f"k8s.io/kubernetes/cmd/{name}")
            for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "kubelet")
        ),
        minimum=(1, 37, 0),
        below=(1, 38, 0),
        version_variable="k8s.io/component-base/version.gitVersion",
        version_prefix="v",
        variables=(("k8s.io/component-base/version.gitMajor", "1"), ("k8s.io/component-base/version.gitMinor", "37")),
        is_everyday=False,
    ),
    Part(
        name="etcd",
        module="go.etcd.io/etcd/server/v3",
        module_version="v3.7.3",
        version="3.7.3",
        binaries=(Binary("etcd", "go.etcd.io/etcd/server/v3", built_as="server"),),
        minimum=(3, 6, 0),
        below=(4, 0, 0),
        version_variable="",
        is_everyday=False,
    ),
    Part(
        name="coredns",
        module="github.com/coredns/coredns",
        module_version="v1.15.0",
        version="1.15.0",
        binaries=(Binary("coredns", "github.com/coredns/coredns", version_args=("-version",)),),
        minimum=(1, 12, 0),
        below=(2, 0, 0),
        version_variable="",
        is_everyday=False,
    ),
    Part(
        name="grafana_promlib",
        module="github.com/grafana/grafana/pkg/promlib",
        module_version="v0.0.8",
        version="0.0.8",
        binaries=(Binary("grafana_promlib", "lma-federation/tools/grafana_promlib"),),
        minimum=(0, 0, 8),
        below=(0, 0, 9),
        version_variable="main.version",
        is_everyday=False,
    ),
)

BINARIES: dict[str, tuple[Part, Binary]] = {binary.name: (part, binary) for part in PARTS for binary in part.binaries}


def lookup(name: str) -> tuple[Part, Binary]:
    """Return the part and binary of that name, or raise UnknownPartError listing the names there are."""
    try:
        return BINARIES[name]
    except KeyError:
        raise UnknownPartError(
            f"there is no part named {name!r}", f"name one of: {', '.join(sorted(BINARIES))}"
        ) from None
