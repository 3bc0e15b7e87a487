"""Running the program a kubeconfig names for its credential: on the person's machine only, and only a known one.

A kubeconfig is often sent from one to another, and ``exec`` in it is a program to run. So it is run only if its name is
one of those that clouds ship, found on PATH, or if the person allows it by name. The service never runs any.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from lma.clusters.errors import KubeconfigError
from lma.clusters.kubeconfig import ExecPlugin, Reduced, with_client

ALLOWED: Final = frozenset(
    {"aws", "aws-iam-authenticator", "gke-gcloud-auth-plugin", "kubelogin", "kubectl-oidc_login"}
)
TIMEOUT_S: Final = 60.0


def with_plugin_credential(reduced: Reduced, allowed: Collection[str] = ()) -> Reduced:
    """Return the context with what its plugin printed; ``KubeconfigError`` if it is not allowed, or fails."""
    plugin = reduced.plugin
    if plugin is None:
        return reduced
    status = _run(plugin, _program(plugin, allowed))
    expires_at = _time(status.get("expirationTimestamp"))
    if status.get("clientCertificateData"):
        access, ends = with_client(
            reduced.access, str(status["clientCertificateData"]), str(status.get("clientKeyData") or "")
        )
        return replace(reduced, access=access, expires_at=expires_at or ends, plugin=None)
    token = status.get("token")
    if not isinstance(token, str) or not token:
        raise KubeconfigError(f"the plugin {plugin.command} printed no credential", "run it by hand and see")
    return replace(reduced, access=replace(reduced.access, token=token), expires_at=expires_at, plugin=None)


def _program(plugin: ExecPlugin, allowed: Collection[str]) -> str:
    command = plugin.command
    if command not in ALLOWED and command not in allowed:
        raise KubeconfigError(
            f"its user runs the program {command[:200]!r}, which is not allowed",
            f"if you trust it, add `--allow-exec {command[:200]}`; allowed are: {', '.join(sorted(ALLOWED))}",
        )
    found = shutil.which(command)
    if found is None:
        raise KubeconfigError(f"its user runs {command}, which is not on PATH", f"install {command}")
    return found


def _run(plugin: ExecPlugin, program: str) -> dict[str, Any]:
    asked = {"apiVersion": plugin.api_version, "kind": "ExecCredential", "spec": {"interactive": False}}
    environment = {**os.environ, **plugin.env, "KUBERNETES_EXEC_INFO": json.dumps(asked)}
    try:
        done = subprocess.run(
            [program, *plugin.args],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            timeout=TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise KubeconfigError(
            f"the plugin {plugin.command} took more than {TIMEOUT_S:.0f} s", "log in with it by hand first"
        ) from error
    if done.returncode != 0:
        raise KubeconfigError(
            f"the plugin {plugin.command} failed with code {done.returncode}", "see what it said above; log in first"
        )
    try:
        status = json.loads(done.stdout).get("status")
    except (ValueError, AttributeError):
        status = None
    if not isinstance(status, dict):
        raise KubeconfigError(f"the plugin {plugin.command} printed no ExecCredential", "run it by hand and see")
    return status


def _time(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text)) if text else None
    except ValueError:
        return None
