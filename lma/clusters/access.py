"""All that is needed to speak to one API server and nothing else: what a kubeconfig is reduced to, what is sealed."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from typing import Final

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from lma.clusters.errors import KubeconfigError
from lma.clusters.memory_file import memory_file

PEM_BYTES: Final = 64 << 10


@dataclass(frozen=True, slots=True)
class ClusterAccess:
    """An API server and who we are there. Secrets are not part of ``repr``.

    ``ca_pem`` empty means the machine's own authorities. ``token`` or certificate and key, or none of them where the
    connector mints its own tokens.
    """

    server: str
    ca_pem: str = ""
    server_name: str = ""
    proxy: str = field(default="", repr=False)
    token: str = field(default="", repr=False)
    client_certificate: str = field(default="", repr=False)
    client_key: str = field(default="", repr=False)

    @property
    def form(self) -> str:
        """Return what kind of credential it holds."""
        if self.client_certificate:
            return "client certificate"
        return "token" if self.token else "none"

    def encoded(self) -> bytes:
        """Return it for sealing."""
        return msgspec.json.encode(self)

    @classmethod
    def decoded(cls, data: bytes) -> ClusterAccess:
        """Return what ``encoded`` gave."""
        return msgspec.json.decode(data, type=cls)

    def tls(self) -> ssl.SSLContext:
        """Return the TLS context for its server; ``KubeconfigError`` where a PEM does not load.

        A client's key touches no disk: OpenSSL, which takes files only, reads it from memory.
        """
        try:
            context = ssl.create_default_context(cadata=self.ca_pem or None)
        except ssl.SSLError as error:
            raise KubeconfigError("the certificate authority does not load", CA_REMEDY) from error
        # Clusters in use have authorities without the extensions that strict checking asks for since Python 3.13.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        if self.client_certificate:
            with memory_file(self.client_certificate) as certificate, memory_file(self.client_key) as key:
                try:
                    context.load_cert_chain(certificate, key)
                except (ssl.SSLError, OSError) as error:
                    raise KubeconfigError(
                        "the client certificate and its key do not load", "export the kubeconfig again"
                    ) from error
        return context


CA_REMEDY: Final = (
    "certificate-authority-data must be the base64 of a PEM: `-----BEGIN CERTIFICATE-----` and so on; "
    "export the kubeconfig again, for instance with `kubectl config view --raw --minify --flatten`"
)


def checked_ca(pem: str) -> str:
    """Return the authorities if they are PEM certificates, else raise with what they are instead."""
    if len(pem) > PEM_BYTES:
        raise KubeconfigError(f"the certificate authority is larger than {PEM_BYTES} bytes", CA_REMEDY)
    try:
        x509.load_pem_x509_certificates(pem.encode())
    except ValueError as error:
        what = "is empty" if not pem.strip() else "is not PEM"
        raise KubeconfigError(f"the certificate authority {what}", CA_REMEDY) from error
    return pem


def checked_client(certificate: str, key: str) -> x509.Certificate:
    """Return the client's certificate if it is one and the key belongs to it."""
    remedy = "export the kubeconfig again; both must be PEM, and of one pair"
    try:
        found = x509.load_pem_x509_certificate(certificate.encode())
    except ValueError as error:
        raise KubeconfigError("the client certificate is not PEM", remedy) from error
    try:
        private = load_pem_private_key(key.encode(), password=None)
    except (ValueError, TypeError) as error:
        raise KubeconfigError("the client key is not a PEM private key without a password", remedy) from error
    shape = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if private.public_key().public_bytes(*shape) != found.public_key().public_bytes(*shape):
        raise KubeconfigError("the client key does not belong to the client certificate", remedy)
    return found
