"""Whether this machine can run clusters, and if not, what it lacks."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

PROGRAMS: Final = {
    "containerd": "containerd",
    "ctr": "containerd",
    "runc": "runc",
    "ip": "iproute2",
    "nsenter": "util-linux",
    "nft": "nftables",
    "iptables": "iptables",
    "conntrack": "conntrack",
    "cc": "gcc",
}
"""Programs by the Debian package that has them."""
CNI_FOLDERS: Final = (Path("/usr/lib/cni"), Path("/opt/cni/bin"))
CONTROLLERS: Final = ("cpu", "cpuset", "memory", "pids")


def missing() -> list[str]:
    """Return what stands in the way, one sentence each with its remedy; empty if nothing does."""
    if sys.platform != "linux":
        return ["clusters need Linux: network namespaces and cgroups are the kernel's"]
    if os.geteuid() != 0:
        return ["clusters need root: they make network namespaces and containers; run it as root, or in CI's container"]
    found: list[str] = []
    packages = sorted({package for program, package in PROGRAMS.items() if shutil.which(program) is None})
    if cni_folder() is None:
        packages.append("containernetworking-plugins")
    if packages:
        found.append(f"programs are missing: apt-get install -y --no-install-recommends {' '.join(packages)}")
    absent = [name for name in CONTROLLERS if not Path("/sys/fs/cgroup", name).is_dir()]
    if absent and not Path("/sys/fs/cgroup/cgroup.controllers").exists():
        found.append(f"the cgroup controllers {', '.join(absent)} are not mounted below /sys/fs/cgroup")
    if not found and not _can_make_namespaces():
        found.append("network namespaces can't be made here: the container lacks CAP_SYS_ADMIN or CAP_NET_ADMIN")
    return found


def install() -> None:
    """Install the Debian packages that are missing, where there is apt-get and we are root; else do nothing."""
    packages = {package for program, package in PROGRAMS.items() if shutil.which(program) is None}
    if cni_folder() is None:
        packages.add("containernetworking-plugins")
    apt = shutil.which("apt-get")
    if not packages or apt is None or os.geteuid() != 0:
        return
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for arguments in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *sorted(packages)]):
        subprocess.run([apt, *arguments], env=environment, timeout=600, check=False, stdout=subprocess.DEVNULL)


def cni_folder() -> Path | None:
    """Return the folder of the CNI plugins."""
    return next((folder for folder in CNI_FOLDERS if (folder / "bridge").exists()), None)


def _can_make_namespaces() -> bool:
    name = f"lmabed-try-{os.getpid()}"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True, timeout=30, check=False)
    subprocess.run(["ip", "netns", "del", name], capture_output=True, timeout=30, check=False)
    return made.returncode == 0
