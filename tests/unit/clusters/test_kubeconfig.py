"""Kubeconfigs of every kind: what is taken of them, and what is said of those that can't be used."""

from __future__ import annotations

import base64
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from lma.clusters.errors import KubeconfigError
from lma.clusters.exec_plugin import with_plugin_credential
from lma.clusters.kubeconfig import folder_reader, reduce_kubeconfig, render
from tests.cluster.bed.pki import Authority, Pair

AUTHORITY = Authority("test ca")
CA = AUTHORITY.pair.certificate.decode()
CLIENT = AUTHORITY.issue("admin", organization="system:masters")
TOKEN = "s3cr3t-t0ken"


def b64(data: bytes | str) -> str:
    return base64.b64encode(data if isinstance(data, bytes) else data.encode()).decode()


def config(user: dict[str, Any] | None = None, /, **cluster: Any) -> str:
    """Return a kubeconfig whose current context has this user and cluster."""
    given = {"server": "https://10.0.0.1:6443", "certificate-authority-data": b64(CA), **cluster}
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "seoul",
            "clusters": [{"name": "c", "cluster": {key: value for key, value in given.items() if value is not None}}],
            "users": [{"name": "u", "user": {"token": TOKEN} if user is None else user}],
            "contexts": [{"name": "seoul", "context": {"cluster": "c", "user": "u"}}],
        }
    )


def certificate(pair: Pair = CLIENT) -> dict[str, str]:
    return {"client-certificate-data": b64(pair.certificate), "client-key-data": b64(pair.key)}


def test_a_token_is_taken() -> None:
    reduced = reduce_kubeconfig(config())
    assert (reduced.context, reduced.access.server, reduced.access.token) == ("seoul", "https://10.0.0.1:6443", TOKEN)
    assert reduced.access.form == "token"
    assert TOKEN not in repr(reduced)


def test_a_client_certificate_is_taken_with_its_end_and_loads() -> None:
    reduced = reduce_kubeconfig(config(certificate()))
    assert reduced.access.form == "client certificate"
    assert reduced.expires_at is not None
    assert timedelta(days=1) < reduced.expires_at - datetime.now(UTC) < timedelta(days=3)
    assert "PRIVATE KEY" not in repr(reduced)
    assert reduced.access.tls().cert_store_stats()["x509_ca"] == 1


def test_the_rest_of_a_cluster_is_taken() -> None:
    text = config(**{"tls-server-name": "api.internal", "proxy-url": "http://proxy:3128"})
    access = reduce_kubeconfig(text).access
    assert (access.server_name, access.proxy) == ("api.internal", "http://proxy:3128")


def test_what_is_rendered_reads_the_same() -> None:
    for user in (None, certificate()):
        text = config(user, **{"tls-server-name": "api.internal", "proxy-url": "http://proxy:3128"})
        access = reduce_kubeconfig(text).access
        assert reduce_kubeconfig(render(access)).access == access


def ten() -> str:
    names = [f"cluster-{number}" for number in range(10)]
    return yaml.safe_dump(
        {
            "clusters": [
                {"name": name, "cluster": {"server": f"https://{name}:6443", "certificate-authority-data": b64(CA)}}
                for name in names
            ],
            "users": [{"name": name, "user": {"token": f"token-of-{name}"}} for name in names],
            "contexts": [{"name": name, "context": {"cluster": name, "user": name}} for name in names],
        }
    )


def test_of_ten_contexts_one_is_taken_and_nothing_of_the_others() -> None:
    reduced = reduce_kubeconfig(ten(), "cluster-7")
    assert (reduced.access.server, reduced.access.token) == ("https://cluster-7:6443", "token-of-cluster-7")
    assert "cluster-6" not in render(reduced.access)


def test_without_a_current_context_the_choice_is_listed() -> None:
    with pytest.raises(KubeconfigError, match="no current context, and 10 to choose from: cluster-0, cluster-1"):
        reduce_kubeconfig(ten())


def test_an_unknown_context_lists_those_there_are() -> None:
    with pytest.raises(KubeconfigError, match="no context 'tokyo'; it has: seoul"):
        reduce_kubeconfig(config(), "tokyo")


EXPIRED = AUTHORITY.issue("old", valid=timedelta(minutes=-1))
OTHER = AUTHORITY.issue("other")
REFUSED: list[tuple[str, str]] = [
    ("{", "no YAML"),
    ("- a", "no kubeconfig"),
    ("clusters: 7", "no kubeconfig"),
    ("x" * 300_000, "larger than"),
    (config(server="http://10.0.0.1"), "no https URL"),
    (config(server="https://user:pw@10.0.0.1"), "user or password"),
    (config(**{"insecure-skip-tls-verify": True}), "insecure-skip-tls-verify"),
    (config(**{"certificate-authority-data": b64("not a certificate")}), "authority is not PEM"),
    (config(**{"certificate-authority-data": b64(" ")}), "authority is empty"),
    (config(**{"certificate-authority-data": "%%%"}), "no base64"),
    (config(**{"certificate-authority-data": "é"}), "no base64"),
    (config(**{"certificate-authority-data": b64(CA.replace("M", "!", 1))}), "authority is not PEM"),
    (config(**{"certificate-authority-data": None, "certificate-authority": "/etc/ca.pem"}), "names a file"),
    (config(**{"proxy-url": "socks5://proxy"}), "socks5 proxy"),
    (config({}), "no credential"),
    (config({"username": "admin", "password": TOKEN}), "has a password"),
    (config({"auth-provider": {"name": "gcp"}}), "auth-provider"),
    (config({"token": TOKEN, "as": "root"}), "impersonates"),
    (config({"token": f"{TOKEN}\nX-Evil: 1"}), "white space or control"),
    (config({"tokenFile": "/var/run/token"}), "names a file"),
    (config({"client-certificate-data": b64(CLIENT.certificate)}), "without a key"),
    (config({"client-certificate-data": b64("x"), "client-key-data": b64(CLIENT.key)}), "certificate is not PEM"),
    (config({**certificate(), "client-key-data": b64("x")}), "not a PEM private key"),
    (config({**certificate(), "client-key-data": b64(OTHER.key)}), "does not belong"),
    (config(certificate(EXPIRED)), "has expired"),
]


@pytest.mark.parametrize(("text", "told"), REFUSED, ids=[told for _, told in REFUSED])
def test_what_can_not_be_used_is_told_without_what_is_in_it(text: str, told: str) -> None:
    with pytest.raises(KubeconfigError, match=told) as caught:
        reduce_kubeconfig(text)
    shown = f"{caught.value.message} {caught.value.remedy}"
    assert caught.value.remedy
    assert TOKEN not in shown
    assert "PRIVATE KEY" not in shown


def test_files_are_read_where_that_is_allowed(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text(CA)
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    text = config({"tokenFile": "token"}, **{"certificate-authority-data": None, "certificate-authority": "ca.pem"})
    access = reduce_kubeconfig(text, read_file=folder_reader(tmp_path)).access
    assert (access.ca_pem, access.token) == (CA, TOKEN)
    with pytest.raises(KubeconfigError, match="nowhere, which can't be read: No such file"):
        reduce_kubeconfig(config({"tokenFile": "nowhere"}), read_file=folder_reader(tmp_path))


def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, name: str = "aws") -> str:
    program = tmp_path / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return config({"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": name, "args": ["eks"]}})


def test_a_known_plugin_gives_the_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = '{"status":{"token":"from-$1","expirationTimestamp":"2030-01-01T00:00:00Z"}}'
    text = plugin(tmp_path, monkeypatch, f"cat <<E\n{answer}\nE")
    reduced = with_plugin_credential(reduce_kubeconfig(text))
    assert (reduced.access.token, reduced.plugin) == ("from-eks", None)
    assert reduced.expires_at == datetime(2030, 1, 1, tzinfo=UTC)


def test_an_unknown_plugin_is_not_run_unless_it_is_allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trace = tmp_path / "ran"
    text = plugin(tmp_path, monkeypatch, f'touch {trace}; echo \'{{"status":{{"token":"t"}}}}\'', "evil")
    with pytest.raises(KubeconfigError, match="runs the program 'evil', which is not allowed"):
        with_plugin_credential(reduce_kubeconfig(text))
    assert not trace.exists()
    assert with_plugin_credential(reduce_kubeconfig(text), ["evil"]).access.token == "t"


def test_a_plugin_by_its_path_is_not_the_known_one(tmp_path: Path) -> None:
    text = config({"exec": {"command": str(tmp_path / "aws")}})
    with pytest.raises(KubeconfigError, match="not allowed"):
        with_plugin_credential(reduce_kubeconfig(text))


@pytest.mark.parametrize(
    ("script", "told"),
    [
        ("exit 3", "failed with code 3"),
        ("echo hello", "no ExecCredential"),
        ("echo '{\"status\":{}}'", "no credential"),
    ],
)
def test_a_plugin_that_fails_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, told: str) -> None:
    with pytest.raises(KubeconfigError, match=told):
        with_plugin_credential(reduce_kubeconfig(plugin(tmp_path, monkeypatch, script)))
