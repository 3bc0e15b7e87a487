"""One cluster: brought up in the order its components need each other, taken down whatever happened."""

from __future__ import annotations

import contextlib
import fcntl
import ipaddress
import json
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Final

import yaml

from lma import parts
from tests.cluster.bed import images, settings
from tests.cluster.bed.api import Api
from tests.cluster.bed.network import Network, joined
from tests.cluster.bed.pki import Authority, Pair
from tests.cluster.bed.processes import Programs, end_containers, make_cgroups, unmount_below

PARTS: Final = (
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kubelet",
    "kube-proxy",
    "coredns",
)
ROOT: Final = Path("/tmp")  # noqa: S108  short, because sockets' paths must be; the folder's name is ours
START_S: Final = 90.0


class Cluster:
    """A running single-node cluster. Use ``opened``."""

    def __init__(self, network: Network, folder: Path, binaries: dict[str, Path]) -> None:
        self.network = network
        self.folder = folder
        self.server = f"https://{network.node}:6443"
        self.authority = Authority(f"{network.namespace} ca")
        self.programs = Programs(folder)
        self._binaries = binaries
        self.admin = self.authority.issue("bed-admin", organization="system:masters")
        self.api = Api(self.server, self.authority.pair.certificate, self.admin)

    def start(self) -> None:
        """Start everything; return when the node is ready."""
        self._write_files()
        self._start_control_plane()
        self._start_node()

    def kubeconfig(self, user: str = "admin") -> Path:
        """Return a kubeconfig for ``admin``, or for what ``add_user`` made."""
        return self.folder / f"{user}.kubeconfig"

    def add_user(self, name: str, *, organization: str = "", valid: timedelta | None = None) -> Path:
        """Make a person with a client certificate and no rights; return the kubeconfig."""
        self._add(name, self.authority.issue(name, organization=organization, valid=valid))
        return self.kubeconfig(name)

    def load_image(self, tar: Path) -> None:
        """Import an image."""
        address = f"{self.folder}/containerd.sock"
        subprocess.run(
            ["nice", "-n", "10", "ctr", "-a", address, "-n", "k8s.io", "images", "import", str(tar)],
            check=True,
            capture_output=True,
            timeout=180,
        )

    def uid(self) -> str:
        """Return the UID of kube-system, by which a cluster is known."""
        found: str = self.api.get("/api/v1/namespaces/kube-system")["metadata"]["uid"]
        return found

    def restart_api_server(self, *, new_certificate: bool = False) -> None:
        """Stop and start the API server, on request with another serving certificate of the same authority."""
        self.programs.stop("kube-apiserver")
        if new_certificate:
            self._issue_server()
        self._start_api_server()

    def close(self) -> None:
        """End everything and remove every trace; never raises for what is already gone."""
        self.api.close()
        self.programs.stop_all()
        end_containers(self.network.namespace, self.folder)
        unmount_below(self.folder)

    def _write_files(self) -> None:
        folder, network = self.folder, self.network
        (folder / "ca.crt").write_bytes(self.authority.pair.certificate)
        for name in ("cni", "addresses", "volumeplugins", "podlogs", "kubelet-root"):
            (folder / name).mkdir()
        self._issue_server()
        self.authority.issue(network.namespace, hosts=[network.node, network.namespace]).write(folder, "kubelet")
        self.authority.issue("service-accounts").write(folder, "sa")
        self._add("admin", self.admin)
        for user, name, organization in (
            ("manager", "system:kube-controller-manager", ""),
            ("scheduler", "system:kube-scheduler", ""),
            ("proxy", "system:kube-proxy", ""),
            ("node", f"system:node:{network.namespace}", "system:nodes"),
        ):
            self._add(user, self.authority.issue(name, organization=organization))
        (folder / "containerd.toml").write_text(settings.containerd(folder))
        (folder / "cni" / "10-pods.conflist").write_text(json.dumps(settings.cni(network, folder)))
        (folder / "kubelet.yaml").write_text(yaml.safe_dump(settings.kubelet(network, folder)))
        (folder / "kube-proxy.yaml").write_text(yaml.safe_dump(settings.kube_proxy(network, folder)))
        (folder / "Corefile").write_text(settings.corefile(network, folder))
        (folder / "resolv.conf").write_text(f"nameserver {network.node}\n")

    def _issue_server(self) -> None:
        hosts = [self.network.node, self.network.api_service, "127.0.0.1", "kubernetes.default.svc", "localhost"]
        self.authority.issue("kube-apiserver", hosts=hosts).write(self.folder, "apiserver")

    def _add(self, user: str, pair: Pair) -> None:
        pair.write(self.folder, user)
        self.kubeconfig(user).write_text(settings.kubeconfig(self.server, self.folder, user))

    def _start_control_plane(self) -> None:
        folder = self.folder
        self._run(
            "etcd",
            f"--data-dir={folder}/etcd",
            "--listen-client-urls=http://127.0.0.1:2379",
            "--advertise-client-urls=http://127.0.0.1:2379",
            "--listen-peer-urls=http://127.0.0.1:2380",
            "--unsafe-no-fsync",
            "--log-level=error",
        )
        self._start_api_server()
        self._run(
            "kube-controller-manager",
            f"--kubeconfig={folder}/manager.kubeconfig",
            f"--service-account-private-key-file={folder}/sa.key",
            f"--root-ca-file={folder}/ca.crt",
            "--use-service-account-credentials",
            "--leader-elect=false",
        )
        self._run("kube-scheduler", f"--kubeconfig={folder}/scheduler.kubeconfig", "--leader-elect=false")

    def _start_api_server(self) -> None:
        folder, network = self.folder, self.network
        services = str(ipaddress.ip_network(network.services))
        self._run(
            "kube-apiserver",
            "--etcd-servers=http://127.0.0.1:2379",
            f"--advertise-address={network.node}",
            "--secure-port=6443",
            f"--cert-dir={folder}/certs",
            f"--tls-cert-file={folder}/apiserver.crt",
            f"--tls-private-key-file={folder}/apiserver.key",
            f"--client-ca-file={folder}/ca.crt",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={folder}/sa.key",
            f"--service-account-signing-key-file={folder}/sa.key",
            f"--service-cluster-ip-range={services}",
            "--authorization-mode=Node,RBAC",
            f"--kubelet-client-certificate={folder}/admin.crt",
            f"--kubelet-client-key={folder}/admin.key",
            "--kubelet-preferred-address-types=InternalIP",
            "--profiling=false",
        )
        self.programs.wait_for("the API server is ready", self.api.is_ready, START_S)

    def _start_node(self) -> None:
        folder, network = self.folder, self.network
        make_cgroups(network.namespace)
        self.programs.start("containerd", network.inside("containerd", "-c", f"{folder}/containerd.toml"))
        self.programs.wait_for("containerd listens", (folder / "containerd.sock").exists, START_S)
        self.load_image(images.write_pause(folder))
        self._run(
            "kubelet",
            f"--config={folder}/kubelet.yaml",
            f"--kubeconfig={folder}/node.kubeconfig",
            f"--root-dir={folder}/kubelet-root",
            f"--cert-dir={folder}/certs",
            f"--node-ip={network.node}",
            f"--hostname-override={network.namespace}",
        )
        self.programs.wait_for("the node is ready", self._is_node_ready, START_S)
        self._run("kube-proxy", f"--config={folder}/kube-proxy.yaml")
        self._run("coredns", "-conf", f"{folder}/Corefile")

    def _is_node_ready(self) -> bool:
        for node in self.api.get("/api/v1/nodes")["items"]:
            conditions = {item["type"]: item["status"] for item in node["status"].get("conditions", [])}
            if conditions.get("Ready") == "True":
                return True
        return False

    def _run(self, name: str, *arguments: str) -> None:
        self.programs.start(name, self.network.inside(str(self._binaries[name]), *arguments))


@contextlib.contextmanager
def opened(count: int) -> Iterator[list[Cluster]]:
    """Run ``count`` clusters while the block lasts; another run on this machine waits for its turn."""
    binaries = parts.ensure(PARTS)
    with contextlib.ExitStack() as stack:
        turn = stack.enter_context((ROOT / "lmabed.lock").open("w"))
        fcntl.flock(turn, fcntl.LOCK_EX)
        clusters = [stack.enter_context(_prepared(Network(number), binaries)) for number in range(count)]
        for cluster in clusters:
            cluster.start()
        yield clusters


@contextlib.contextmanager
def _prepared(network: Network, binaries: dict[str, Path]) -> Iterator[Cluster]:
    folder = ROOT / network.namespace
    end_containers(network.namespace, folder)
    unmount_below(folder)
    folder.mkdir(mode=0o700)
    cluster = Cluster(network, folder, binaries)
    try:
        with joined(network):
            try:
                yield cluster
            finally:
                cluster.close()
    finally:
        unmount_below(folder)


def load_images(clusters: list[Cluster], tars: list[Path]) -> None:
    """Import images into every cluster."""
    with ThreadPoolExecutor(2) as pool:
        for future in [pool.submit(cluster.load_image, tar) for cluster in clusters for tar in tars]:
            future.result()
