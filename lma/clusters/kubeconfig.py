"""A kubeconfig, reduced to one context: the API server, its authority, one credential; all else is left behind.

Used on both sides. The command line reads the person's file, follows the files it names and runs its exec plugin if
that is allowed, so that what travels is one context with its data inline. The service, which must never read files or
run programs that a request names, reduces again without either.

Refused, each with what to do instead: plain http, ``insecure-skip-tls-verify`` (it would hand the credential to anybody
in between), passwords, auth providers and impersonation.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import yaml

from lma.clusters.access import CA_REMEDY, ClusterAccess, checked_ca, checked_client
from lma.clusters.errors import KubeconfigError
from query.backends.url import checked_url

MAX_BYTES: Final = 200 << 10
LISTED_CONTEXTS: Final = 10
_FLATTEN: Final = "make it self-contained with `kubectl config view --raw --minify --flatten`"

ReadFile = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class ExecPlugin:
    """A program that prints a credential, as the kubeconfig names it."""

    api_version: str
    command: str
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Reduced:
    """One context. ``plugin`` is set, and the access without a credential, where a program would have to be run."""

    context: str
    access: ClusterAccess
    expires_at: datetime | None = None
    plugin: ExecPlugin | None = None


def reduce_kubeconfig(text: str, context: str | None = None, *, read_file: ReadFile | None = None) -> Reduced:
    """Return the named context, or the current one; ``KubeconfigError`` says which part can't be used and why.

    ``read_file`` gives the text of a file the kubeconfig names; without it such a kubeconfig is refused.
    """
    document = _document(text)
    name, chosen = _chosen(document, context)
    cluster = _named(document, "clusters", "cluster", str(chosen.get("cluster", "")))
    user = _named(document, "users", "user", str(chosen.get("user", "")))
    access = ClusterAccess(
        server=_server(cluster),
        ca_pem=_authority(cluster, read_file),
        server_name=str(cluster.get("tls-server-name") or ""),
        proxy=_proxy(cluster),
    )
    return _with_user(Reduced(name, access), user, read_file)


def render(access: ClusterAccess, context: str = "cluster") -> str:
    """Return a kubeconfig with this access as its only context, its data inline."""
    cluster: dict[str, Any] = {"server": access.server}
    if access.ca_pem:
        cluster["certificate-authority-data"] = base64.b64encode(access.ca_pem.encode()).decode()
    if access.server_name:
        cluster["tls-server-name"] = access.server_name
    if access.proxy:
        cluster["proxy-url"] = access.proxy
    user: dict[str, str] = {}
    if access.token:
        user["token"] = access.token
    if access.client_certificate:
        user["client-certificate-data"] = base64.b64encode(access.client_certificate.encode()).decode()
        user["client-key-data"] = base64.b64encode(access.client_key.encode()).decode()
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": context,
            "clusters": [{"name": context, "cluster": cluster}],
            "users": [{"name": context, "user": user}],
            "contexts": [{"name": context, "context": {"cluster": context, "user": context}}],
        }
    )


def with_client(access: ClusterAccess, certificate: str, key: str) -> tuple[ClusterAccess, datetime]:
    """Return the access with this client certificate, and when that ends."""
    found = checked_client(certificate, key)
    if found.not_valid_after_utc < datetime.now(UTC):
        raise KubeconfigError(
            f"the client certificate has expired at {found.not_valid_after_utc:%Y-%m-%d %H:%M} UTC",
            "get a new kubeconfig from the cluster",
        )
    return replace(access, client_certificate=certificate, client_key=key), found.not_valid_after_utc


def folder_reader(folder: Path) -> ReadFile:
    """Return what reads the files a kubeconfig in ``folder`` names: relative paths are relative to it."""

    def read(name: str) -> str:
        path = folder / Path(name).expanduser()
        try:
            return path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise KubeconfigError(
                f"it names the file {path}, which can't be read: {getattr(error, 'strerror', None) or 'no text'}",
                "run this where the file is, or " + _FLATTEN,
            ) from error

    return read


def _document(text: str) -> Mapping[str, Any]:
    if len(text) > MAX_BYTES:
        raise KubeconfigError(
            f"the kubeconfig is larger than {MAX_BYTES} bytes", f"{_FLATTEN} --context NAME: one context is enough"
        )
    try:
        document = yaml.load(text, Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f" (line {mark.line + 1}, column {mark.column + 1})" if mark is not None else ""
        raise KubeconfigError(f"the kubeconfig is no YAML{place}", "export it again") from None
    if not isinstance(document, dict) or not isinstance(document.get("clusters"), list):
        raise KubeconfigError("this is no kubeconfig: it has no list of clusters", "give the file kubectl uses")
    return document


def _chosen(document: Mapping[str, Any], context: str | None) -> tuple[str, Mapping[str, Any]]:
    names = [str(item.get("name")) for item in _entries(document, "contexts")]
    listed = ", ".join(names[:LISTED_CONTEXTS]) + (" …" if len(names) > LISTED_CONTEXTS else "")
    name = context or str(document.get("current-context") or "")
    if not name:
        raise KubeconfigError(
            f"the kubeconfig has no current context, and {len(names)} to choose from: {listed or 'none'}",
            "name one with --context",
        )
    if name not in names:
        raise KubeconfigError(
            f"the kubeconfig has no context {name[:100]!r}; it has: {listed or 'none'}", "name one of them"
        )
    return name, _named(document, "contexts", "context", name)


def _entries(document: Mapping[str, Any], section: str) -> Sequence[Mapping[str, Any]]:
    listed = document.get(section) or []
    return [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []


def _named(document: Mapping[str, Any], section: str, part: str, name: str) -> Mapping[str, Any]:
    for item in _entries(document, section):
        if str(item.get("name")) == name:
            content = item.get(part) or {}
            if isinstance(content, dict):
                return content
    raise KubeconfigError(f"the context names the {part} {name[:100]!r}, which the kubeconfig lacks", "export it again")


def _server(cluster: Mapping[str, Any]) -> str:
    given = str(cluster.get("server") or "")
    if cluster.get("insecure-skip-tls-verify"):
        raise KubeconfigError(
            "it says insecure-skip-tls-verify: anybody in between could take the credential",
            "put the cluster's certificate authority there instead (certificate-authority-data)",
        )
    if urlsplit(given).scheme != "https":
        raise KubeconfigError(
            f"its server {given[:200]!r} is no https URL", "give the API server itself, not a proxy such as kubectl's"
        )
    try:
        return checked_url(given)
    except ValueError as error:
        raise KubeconfigError(f"its server can't be used: {error}", "correct the server's URL") from error


def _proxy(cluster: Mapping[str, Any]) -> str:
    given = str(cluster.get("proxy-url") or "")
    if given and urlsplit(given).scheme not in {"http", "https"}:
        raise KubeconfigError(
            f"its proxy is a {urlsplit(given).scheme or 'nameless'} proxy", "an http or https proxy can be used"
        )
    return given


def _authority(cluster: Mapping[str, Any], read_file: ReadFile | None) -> str:
    pem = _data(cluster, "certificate-authority", read_file, remedy=CA_REMEDY)
    return checked_ca(pem) if pem is not None else ""


def _data(part: Mapping[str, Any], key: str, read_file: ReadFile | None, *, remedy: str = _FLATTEN) -> str | None:
    """Return what ``key-data`` holds in base64, or the file that ``key`` names."""
    inline = part.get(f"{key}-data")
    if inline:
        try:
            return base64.b64decode(str(inline), validate=True).decode()
        except ValueError as error:  # no base64, or no text
            raise KubeconfigError(f"{key}-data is no base64 of a PEM", remedy) from error
    name = part.get(key)
    return None if not name else _file(str(name), key, read_file)


def _file(name: str, key: str, read_file: ReadFile | None) -> str:
    if read_file is None:
        raise KubeconfigError(f"{key} names a file, and the service reads none that a request names", _FLATTEN)
    return read_file(name)


def _with_user(reduced: Reduced, user: Mapping[str, Any], read_file: ReadFile | None) -> Reduced:
    if any(user.get(key) for key in ("as", "as-uid", "as-groups", "as-user-extra")):
        raise KubeconfigError("its user impersonates another (`as`)", "give a user with rights of its own")
    certificate = _data(user, "client-certificate", read_file)
    token = str(user.get("token") or "")
    if not token and user.get("tokenFile"):
        token = _file(str(user["tokenFile"]), "tokenFile", read_file).strip()
    if certificate is not None:
        key = _data(user, "client-key", read_file)
        if key is None:
            raise KubeconfigError("its user has a client certificate without a key", "export the kubeconfig again")
        access, expires_at = with_client(reduced.access, certificate, key)
        return replace(reduced, access=access, expires_at=expires_at)
    if token:
        if not token.isascii() or not token.isprintable() or " " in token:
            raise KubeconfigError("its token contains white space or control characters", "export the kubeconfig again")
        return replace(reduced, access=replace(reduced.access, token=token))
    if isinstance(user.get("exec"), dict):
        return replace(reduced, plugin=_plugin(user["exec"]))
    if user.get("auth-provider"):
        raise KubeconfigError(
            "its user has an auth-provider, which Kubernetes has dropped", "use an exec plugin, or a token"
        )
    if user.get("username"):
        raise KubeconfigError("its user has a password, which Kubernetes has dropped", "use a token or a certificate")
    raise KubeconfigError("its user has no credential", "give a context whose user has a token or a client certificate")


def _plugin(part: Mapping[str, Any]) -> ExecPlugin:
    entries = [item for item in part.get("env") or [] if isinstance(item, dict)]
    return ExecPlugin(
        api_version=str(part.get("apiVersion") or ""),
        command=str(part.get("command") or ""),
        args=tuple(str(item) for item in part.get("args") or []),
        env={str(item.get("name")): str(item.get("value")) for item in entries},
    )
