"""A network namespace joined to the host by a veth pair, with routes to the pods and services inside.

Cluster ``n`` has the node 10.213.n.2 (the host is 10.213.n.1), pods in 10.214.n.0/24, services in 10.215.n.0/24. The
host reaches all three through the node; nothing of it is reachable from outside this machine.
"""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PREFIX: Final = "lmabed"


@dataclass(frozen=True, slots=True)
class Network:
    """Names and addresses of cluster ``number`` (0 to 99)."""

    number: int

    @property
    def namespace(self) -> str:
        """The namespace's name."""
        return f"{PREFIX}{self.number}"

    @property
    def host(self) -> str:
        """The host's address as seen from the cluster."""
        return f"10.213.{self.number}.1"

    @property
    def node(self) -> str:
        """The node's address."""
        return f"10.213.{self.number}.2"

    @property
    def pods(self) -> str:
        """The range of pods."""
        return f"10.214.{self.number}.0/24"

    @property
    def services(self) -> str:
        """The range of services."""
        return f"10.215.{self.number}.0/24"

    @property
    def api_service(self) -> str:
        """The address of the service ``kubernetes``."""
        return f"10.215.{self.number}.1"

    @property
    def dns_service(self) -> str:
        """The address of the cluster's DNS."""
        return f"10.215.{self.number}.10"

    def inside(self, *command: str) -> list[str]:
        """Return the command that runs in the namespace.

        ``ip netns exec`` would mount /sys anew, and kubelet and runc would find no cgroups.
        """
        return ["nsenter", f"--net=/run/netns/{self.namespace}", *command]


@contextlib.contextmanager
def joined(network: Network) -> Iterator[None]:
    """Make the namespace and its link while the block lasts; what an earlier run left is removed first."""
    remove(network)
    name, outer = network.namespace, f"{network.namespace}h"
    try:
        _ip("netns", "add", name)
        _ip("link", "add", outer, "type", "veth", "peer", "name", "eth0", "netns", name)
        _ip("addr", "add", f"{network.host}/24", "dev", outer)
        _ip("link", "set", outer, "up")
        _ip("-n", name, "link", "set", "lo", "up")
        _ip("-n", name, "addr", "add", f"{network.node}/24", "dev", "eth0")
        _ip("-n", name, "link", "set", "eth0", "up")
        _ip("-n", name, "route", "add", "default", "via", network.host)
        for inner in (network.pods, network.services):
            _ip("route", "add", inner, "via", network.node, "dev", outer)
        forward = network.inside("sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")
        subprocess.run(forward, check=True, timeout=30)
        yield
    finally:
        remove(network)


def remove(network: Network) -> None:
    """Remove the namespace; its link, routes and nft tables go with it."""
    subprocess.run(["ip", "link", "del", f"{network.namespace}h"], capture_output=True, timeout=30, check=False)
    if Path("/run/netns", network.namespace).exists():
        subprocess.run(["ip", "netns", "del", network.namespace], capture_output=True, timeout=30, check=False)


def _ip(*arguments: str) -> None:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, timeout=30, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")
