"""Real single-node Kubernetes clusters on one machine, without Docker and without a hypervisor.

Each cluster lives in a network namespace of its own, joined to the host by a veth pair, and runs etcd, the API server,
the controller manager, the scheduler, containerd, kubelet, kube-proxy and CoreDNS, all built from their modules or
taken from Debian, on their usual ports. Several stand side by side; the host reaches their API servers, services and
pods. Images are made from the binaries that ``lma.parts`` builds.

::

    with bed.opened(2) as clusters:
        clusters[0].kubectl("get", "nodes")

Everything that is started is ended, and everything that was made (namespaces, links, cgroups, nft tables, mounts) is
removed, also after a failure or by the next run after a kill -9: what a run makes carries the prefix ``lmabed``.
"""

from tests.cluster.bed.cluster import Cluster, opened
from tests.cluster.bed.needs import missing

__all__ = ["Cluster", "missing", "opened"]
