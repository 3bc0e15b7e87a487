"""The configuration files of a cluster's components. Every unusual setting has its reason here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from tests.cluster.bed.images import PAUSE_IMAGE
from tests.cluster.bed.needs import cni_folder
from tests.cluster.bed.network import Network


def containerd(folder: Path) -> str:
    """Return containerd's file: root, state, socket and CNI of its own.

    ``restrict_oom_score_adj``: without CAP_SYS_RESOURCE no sandbox would start. The namespaces of pods are kept below
    the state folder, so that removing that removes them.
    """
    return f"""
version = 2
root = "{folder}/containerd"
state = "{folder}/run"
[grpc]
address = "{folder}/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{PAUSE_IMAGE}"
restrict_oom_score_adj = true
netns_mounts_under_state_dir = true
stream_server_address = "127.0.0.1"
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "{cni_folder()}"
conf_dir = "{folder}/cni"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
SystemdCgroup = false
"""


def cni(network: Network, folder: Path) -> dict[str, Any]:
    """Return the pod network: a bridge in the cluster's namespace."""
    return {
        "cniVersion": "0.4.0",
        "name": "pods",
        "plugins": [
            {
                "type": "bridge",
                "bridge": "cni0",
                "isGateway": True,
                "ipMasq": True,
                "hairpinMode": True,
                "ipam": {
                    "type": "host-local",
                    "dataDir": f"{folder}/addresses",
                    "ranges": [[{"subnet": network.pods}]],
                    "routes": [{"dst": "0.0.0.0/0"}],
                },
            },
            {"type": "portmap", "capabilities": {"portMappings": True}},
        ],
    }


def kubelet(network: Network, folder: Path) -> dict[str, Any]:
    """Return kubelet's configuration: it accepts cgroups v1, swap, and a disk that is nearly full."""
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {"anonymous": {"enabled": False}, "x509": {"clientCAFile": f"{folder}/ca.crt"}},
        "authorization": {"mode": "Webhook"},
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{network.namespace}",
        "clusterDNS": [network.node],
        "clusterDomain": "cluster.local",
        "containerRuntimeEndpoint": f"unix://{folder}/containerd.sock",
        "evictionHard": {"memory.available": "0%", "nodefs.available": "0%", "imagefs.available": "0%"},
        "failCgroupV1": False,
        "failSwapOn": False,
        "imageGCHighThresholdPercent": 100,
        "imageGCLowThresholdPercent": 99,
        "localStorageCapacityIsolation": False,
        "nodeStatusUpdateFrequency": "2s",
        "resolvConf": f"{folder}/resolv.conf",
        "tlsCertFile": f"{folder}/kubelet.crt",
        "tlsPrivateKeyFile": f"{folder}/kubelet.key",
        "volumePluginDir": f"{folder}/volumeplugins",
        "podLogsDir": f"{folder}/podlogs",
    }


def kube_proxy(network: Network, folder: Path) -> dict[str, Any]:
    """Return kube-proxy's configuration; the connection table is the host's and stays as it is."""
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "nftables",
        "clusterCIDR": network.pods,
        "clientConnection": {"kubeconfig": f"{folder}/proxy.kubeconfig"},
        "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
        "hostnameOverride": network.namespace,
    }


def corefile(network: Network, folder: Path) -> str:
    """Return CoreDNS's file: the cluster's names, and a quick no for all others."""
    return f"""
.:53 {{
  bind {network.node}
  kubernetes cluster.local in-addr.arpa {{
    kubeconfig {folder}/admin.kubeconfig
    ttl 5
  }}
  hosts {{
    127.0.0.1 localhost
    fallthrough
  }}
}}
"""


def kubeconfig(server: str, folder: Path, user: str) -> str:
    """Return a kubeconfig that names the files of ``user`` in ``folder``."""
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": user,
            "clusters": [{"name": "bed", "cluster": {"server": server, "certificate-authority": f"{folder}/ca.crt"}}],
            "users": [
                {
                    "name": user,
                    "user": {"client-certificate": f"{folder}/{user}.crt", "client-key": f"{folder}/{user}.key"},
                }
            ],
            "contexts": [{"name": user, "context": {"cluster": "bed", "user": user}}],
        }
    )
