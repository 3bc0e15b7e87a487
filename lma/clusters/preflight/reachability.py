"""Checks of the way to the cluster: who answers, for how long the certificates hold, whether clocks agree."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Final

from lma.clusters.preflight.check import Verdict, failed, passed, warned
from lma.clusters.preflight.facts import Facts

SLOW_MS: Final = 1000.0
SKEW_WARN_S: Final = 5.0
SKEW_FAIL_S: Final = 120.0
SOON: Final = timedelta(days=30)
OLDEST: Final = (1, 27)
NEWEST: Final = (1, 37)


def api_reachable(facts: Facts) -> Verdict:
    """Check that the API server answers, and soon enough to ask queries through it."""
    if facts.failure is not None:
        return failed(facts.failure.message, facts.failure.remedy)
    told = f"{facts.access.server} answers in {facts.elapsed_ms:.0f} ms"
    if facts.elapsed_ms > SLOW_MS:
        return warned(told, "queries through it will be slow; look at the network between")
    return passed(told)


def version_supported(facts: Facts) -> Verdict:
    """Check that its version is one that this service is tested with."""
    found = re.match(r"v?(\d+)\.(\d+)", facts.version)
    if found is None:
        return warned(f"its version {facts.version!r} is not understood", "see whether it is a Kubernetes API server")
    version = (int(found[1]), int(found[2]))
    if version < OLDEST:
        return warned(f"Kubernetes {facts.version} is older than {OLDEST[0]}.{OLDEST[1]}", "upgrade the cluster")
    if version > NEWEST:
        return warned(f"Kubernetes {facts.version} is newer than this service knows", "upgrade this service")
    return passed(f"Kubernetes {facts.version}")


def server_certificate(facts: Facts) -> Verdict:
    """Check that the API server's certificate holds for a while."""
    return _ends("the API server's certificate", facts.server_ends, facts.now, "renew it in the cluster")


def authority(facts: Facts) -> Verdict:
    """Check that the certificate authority holds for a while; it can't be renewed without registering again."""
    if not facts.access.ca_pem:
        return passed("a public certificate authority")
    ends = facts.certificate_ends(facts.access.ca_pem)
    return _ends("the certificate authority", ends, facts.now, "replace it in the cluster and register again")


def credential_end(facts: Facts) -> Verdict:
    """Check that what is offered, or kept, does not end soon; our own tokens are renewed."""
    if facts.is_account:
        return passed("a service account's token, renewed in time")
    pem = facts.access.client_certificate
    ends = facts.certificate_ends(pem) if pem else facts.token_ends()
    return _ends(f"the {facts.access.form}", ends, facts.now, "it matters only with --keep-credential; renew it then")


def clocks(facts: Facts) -> Verdict:
    """Check that the clocks agree: tokens and the newest samples depend on it."""
    if facts.skew_s is None:
        return warned("the API server tells no time", "compare the clocks by hand")
    told = f"the API server's clock differs by {abs(facts.skew_s):.0f} s"
    if abs(facts.skew_s) > SKEW_FAIL_S:
        return failed(told, "set the clocks by NTP: tokens will be refused")
    if abs(facts.skew_s) > SKEW_WARN_S:
        return warned(told, "set the clocks by NTP: the newest samples will be missing")
    return passed("the clocks agree")


def identity(facts: Facts) -> Verdict:
    """Check that the cluster can be told from others, and is not registered under another name."""
    if not facts.uid:
        return failed(
            "the UID of kube-system, by which a cluster is known, can't be read",
            "allow the user to get the namespace kube-system",
        )
    if facts.known_as and facts.known_as != facts.name:
        return failed(f"it is registered already, as {facts.known_as!r}", "use that name, or remove that cluster first")
    return passed(f"UID {facts.uid}{', registered' if facts.known_as else ''}")


def name_free(facts: Facts) -> Verdict:
    """Check that no other cluster has the name, which is the value of the partition label."""
    if not facts.name:
        return passed("no name was given")
    if facts.is_name_taken:
        return failed(f"another cluster is named {facts.name!r}", "choose another name: it is a label of all the data")
    return passed(f"{facts.name!r} is this cluster's name" if facts.known_as else f"{facts.name!r} is free")


def _ends(what: str, ends: datetime | None, now: datetime, remedy: str) -> Verdict:
    if ends is None:
        return passed(f"{what} tells no end")
    told = f"{what} ends at {ends:%Y-%m-%d %H:%M} UTC"
    if ends <= now:
        return failed(told, remedy)
    return warned(told, remedy) if ends - now < SOON else passed(told)
