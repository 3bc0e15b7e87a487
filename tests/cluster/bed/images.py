"""Container images made from binaries, without a daemon: a tar as ``docker save`` writes it, with one layer.

The configuration must name ``architecture`` and ``os``, or containerd's import filters the image out.
"""

from __future__ import annotations

import hashlib
import io
import json
import platform
import subprocess
import tarfile
from pathlib import Path
from typing import Final

PAUSE_IMAGE: Final = "lmabed.local/pause:1"
_ARCHITECTURES: Final = {"x86_64": "amd64", "aarch64": "arm64"}
_PAUSE: Final = """
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
static void end(int number) { _exit(0); }
static void reap(int number) { while (waitpid(-1, NULL, WNOHANG) > 0); }
int main(void) {
  signal(SIGINT, end); signal(SIGTERM, end); signal(SIGCHLD, reap);
  for (;;) pause();
}
"""


def write_pause(folder: Path) -> Path:
    """Compile the program that holds a pod's namespaces, and return its image's tar."""
    source = folder / "pause.c"
    source.write_text(_PAUSE, encoding="utf-8")
    subprocess.run(["cc", "-static", "-Os", "-o", folder / "pause", source], check=True, timeout=60)
    return write_image(folder / "pause.tar", PAUSE_IMAGE, {"/pause": folder / "pause"}, ["/pause"])


def write_image(target: Path, name: str, files: dict[str, Path], entrypoint: list[str]) -> Path:
    """Write an image that holds ``files`` (path inside → file here) and a ``/tmp``; return ``target``."""
    layer = target.with_suffix(".layer")
    with tarfile.open(layer, "w") as tar:
        for folder, mode in (("tmp", 0o1777), ("etc", 0o755), ("data", 0o777)):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, mode
            tar.addfile(entry)
        for inside, here in files.items():
            entry = tar.gettarinfo(str(here), arcname=inside.lstrip("/"))
            entry.uid = entry.gid = 0
            entry.mode = 0o755
            with here.open("rb") as content:
                tar.addfile(entry, content)
    with layer.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    config = json.dumps(
        {
            "architecture": _ARCHITECTURES.get(platform.machine(), platform.machine()),
            "os": "linux",
            "config": {"Entrypoint": entrypoint, "User": "65534:65534", "WorkingDir": "/"},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
        }
    ).encode()
    manifest = [{"Config": "config.json", "RepoTags": [name], "Layers": ["layer.tar"]}]
    with tarfile.open(target, "w") as tar:
        for inside, content_bytes in (("manifest.json", json.dumps(manifest).encode()), ("config.json", config)):
            entry = tarfile.TarInfo(inside)
            entry.size = len(content_bytes)
            tar.addfile(entry, io.BytesIO(content_bytes))
        tar.add(layer, arcname="layer.tar")
    layer.unlink()
    return target
