"""``/v1``: connecting clusters by their API server, their timelines, the ledger of credentials."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import Enum
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from pydantic import ValidationError

from lma.api.connection_schemas import (
    CredentialList,
    KubeconfigOffer,
    Preflight,
    PreflightOffer,
    Resealed,
    Timeline,
    credential_view,
    event_view,
    preflight_view,
)
from lma.api.errors import invalid_content
from lma.api.schemas import ClusterResult, ErrorAnswer, view_of
from lma.clusters.kubeconfig import reduce_kubeconfig
from lma.clusters.onboarding import Onboarding, require_credential
from lma.registry.directory import Directory
from lma.registry.ledger import Ledger
from query.app.config import ClusterConfig

_TAGS: Final[list[str | Enum]] = ["connections"]
_FORCE: Final = "Forget the cluster even if what was made in it can't be removed now."

Reseal = Callable[[], Awaitable[Resealed]]


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return what OpenAPI should say of these statuses, and of 401."""
    return {status: {"model": ErrorAnswer} for status in (401, *statuses)}


def add_routes(router: APIRouter, directory: Directory, onboarding: Onboarding, ledger: Ledger, reseal: Reseal) -> None:
    """Add the routes to the control plane's router."""

    @router.put(
        "/clusters/{name}/connection",
        status_code=202,
        tags=_TAGS,
        summary="Connect a cluster by its kubeconfig",
        responses=errors(409, 422),
    )
    async def connect_cluster(name: str, offer: KubeconfigOffer) -> ClusterResult:
        """Begin to connect a cluster; its timeline tells how it goes. Doing it again changes nothing."""
        reduced = reduce_kubeconfig(offer.kubeconfig.get_secret_value(), offer.context)
        require_credential(reduced)
        try:
            ClusterConfig(name=name, labels=dict(offer.labels))
        except ValidationError as error:
            raise invalid_content(error) from error
        change = await onboarding.register(name, offer.labels, reduced, keeps_credential=offer.keep_credential)
        return ClusterResult(**dict(view_of(change.record)), result=change.outcome)

    @router.get("/clusters/{name}/events", tags=_TAGS, summary="Show a cluster's timeline", responses=errors(404, 422))
    async def cluster_events(
        name: str, after: Annotated[int, Query(ge=0, description="The id of the last event that is known.")] = 0
    ) -> Timeline:
        """Show what happened to a cluster, or what happened since an event."""
        record = await directory.show(name)
        events = await directory.timeline(name, after=after)
        selector = f'{directory.partition_label}="{name}"'
        return Timeline(phase=record.phase.value, selector=selector, events=[event_view(event) for event in events])

    @router.delete(
        "/clusters/{name}", status_code=204, tags=["clusters"], summary="Remove a cluster", responses=errors(404, 422)
    )
    async def remove_cluster(name: str, force: Annotated[bool, Query(description=_FORCE)] = False) -> None:  # noqa: FBT002
        """Forget a cluster: from now on no query asks it. In a connected one, what we made there is deleted."""
        await onboarding.remove(name, force=force)

    @router.get("/credentials", tags=_TAGS, summary="Show the ledger of credentials", responses=errors(422))
    async def list_credentials(cluster: Annotated[str | None, Query(max_length=128)] = None) -> CredentialList:
        """Show what is kept for which cluster: whom it stands for, its age, last use and end; never the secret."""
        return CredentialList(credentials=[credential_view(item) for item in await ledger.all(cluster)])

    @router.post(
        "/credentials/reseal", tags=_TAGS, summary="Rotate the key that seals credentials", responses=errors(503)
    )
    async def reseal_credentials() -> Resealed:
        """Seal every credential with a new key."""
        return await reseal()

    @router.post(
        "/clusters/{name}/credential/rotate",
        tags=_TAGS,
        summary="Replace a cluster's token",
        responses=errors(404, 422),
    )
    async def rotate_credential(name: str) -> CredentialList:
        """Replace the token of our account in a cluster; the old one is invalid within seconds."""
        await onboarding.rotate(name)
        return await list_credentials(name)

    @router.post(
        "/clusters/{name}/credential/revoke",
        tags=_TAGS,
        summary="Revoke a cluster's token",
        responses=errors(404, 422),
    )
    async def revoke_credential(name: str) -> CredentialList:
        """Make our account's token invalid in the cluster; it answers nothing until it is registered again."""
        await onboarding.revoke(name)
        return await list_credentials(name)


def add_preflight_routes(router: APIRouter, onboarding: Onboarding) -> None:
    """Add the routes that look at a cluster."""

    @router.post("/preflight", tags=_TAGS, summary="Look at a cluster before registering it", responses=errors(422))
    async def preflight_offer(offer: PreflightOffer) -> Preflight:
        """Check what stands in the way of a cluster; nothing is kept, and nothing changed in it."""
        reduced = reduce_kubeconfig(offer.kubeconfig.get_secret_value(), offer.context)
        require_credential(reduced)
        return preflight_view(await onboarding.preflight(offer.name, reduced))

    @router.get(
        "/clusters/{name}/preflight", tags=_TAGS, summary="Look at a registered cluster", responses=errors(404, 422)
    )
    async def preflight_cluster(name: str) -> Preflight:
        """Check what stands in the way of a cluster that is registered."""
        return preflight_view(await onboarding.preflight(name))
