"""``/v1/clusters``: register, list, show, change, remove, and look again."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Response, Security
from fastapi.security import HTTPBearer
from pydantic import ValidationError

from lma.api.auth import Tokens
from lma.api.connections import Reseal, add_preflight_routes, add_routes, errors
from lma.api.errors import ApiError, invalid_content
from lma.api.route import add_fallback, control_route
from lma.api.schemas import (
    ClusterContent,
    ClusterList,
    ClusterPatch,
    ClusterResult,
    ClusterView,
    content_of,
    view_of,
)
from lma.clusters.onboarding import Onboarding
from lma.registry.directory import Change, Directory
from lma.registry.errors import Detail
from lma.registry.ledger import Ledger
from query.app.config import ClusterConfig

MAX_PAGE: Final = 1000

_BEARER: Final = HTTPBearer(auto_error=False, description="A token of this service: `lma_…`.")
_LABEL_FILTER: Final = "Keep clusters with this label, as `name=value`; several must all hold."
_REQUIRE_REACHABLE: Final = "Refuse unless every endpoint answers now; else it is registered with a warning."


def create_router(
    directory: Directory, tokens: Tokens, onboarding: Onboarding, ledger: Ledger, reseal: Reseal
) -> APIRouter:
    """Return the routes of the control plane over ``directory``."""
    router = APIRouter(
        prefix="/v1",
        route_class=control_route(tokens),
        dependencies=[Security(_BEARER)],
    )

    @router.post(
        "/clusters",
        status_code=201,
        tags=["clusters"],
        summary="Register a cluster",
        responses={
            200: {"model": ClusterResult, "description": "Registered already with this content"},
            **errors(409, 422),
        },
    )
    async def register_cluster(
        content: ClusterContent,
        response: Response,
        require_reachable: Annotated[bool, Query(description=_REQUIRE_REACHABLE)] = False,  # noqa: FBT002
    ) -> ClusterResult:
        """Register a cluster by the URLs it answers at. Doing it again with the same content changes nothing."""
        change = await directory.register(_config(content), require_reachable=require_reachable)
        if change.outcome == "unchanged":
            response.status_code = 200
        return _result(change)

    @router.get("/clusters", tags=["clusters"], summary="List clusters", responses=errors(422))
    async def list_clusters(
        limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 100,
        cursor: Annotated[str, Query(max_length=128, description="`next_cursor` of the page before.")] = "",
        label: Annotated[list[str], Query(max_length=32, description=_LABEL_FILTER)] = [],  # noqa: B006
    ) -> ClusterList:
        """List clusters by name, page by page."""
        page = await directory.page(limit=limit, after=cursor, labels=_label_filter(label))
        return ClusterList(clusters=[view_of(record) for record in page.records], next_cursor=page.next_after)

    @router.get("/clusters/{name}", tags=["clusters"], summary="Show a cluster", responses=errors(404))
    async def show_cluster(name: str) -> ClusterView:
        """Show a cluster with what the last inspection saw of it."""
        return view_of(await directory.show(name))

    @router.patch("/clusters/{name}", tags=["clusters"], summary="Change a cluster", responses=errors(404, 409, 422))
    async def change_cluster(
        name: str,
        patch: ClusterPatch,
        require_reachable: Annotated[bool, Query(description=_REQUIRE_REACHABLE)] = False,  # noqa: FBT002
    ) -> ClusterResult:
        """Change labels and endpoints by a JSON merge patch: absent stays, null goes, a list is replaced."""
        document = patch.model_dump(exclude_unset=True)

        def revise(present: ClusterConfig) -> ClusterConfig:
            try:
                return _config(ClusterContent.model_validate(merge_patch(content_of(present), document)))
            except ValidationError as error:
                raise invalid_content(error) from error

        return _result(await directory.change(name, revise, require_reachable=require_reachable))

    @router.post(
        "/clusters/{name}/inspect", tags=["clusters"], summary="Look at a cluster again", responses=errors(404)
    )
    async def inspect_cluster(name: str) -> ClusterView:
        """Ask the cluster's endpoints again, keep what was seen as its conditions, and show it."""
        return view_of(await directory.inspect(name))

    add_routes(router, directory, onboarding, ledger, reseal)
    add_preflight_routes(router, onboarding)
    add_fallback(router)
    return router


def merge_patch(target: Any, patch: Any) -> Any:
    """Return ``target`` changed by a JSON merge patch, as RFC 7396 defines it; neither is altered."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge_patch(merged.get(key), value)
    return merged


def _config(content: ClusterContent) -> ClusterConfig:
    try:
        return content.to_config()
    except ValidationError as error:
        raise invalid_content(error) from error


def _result(change: Change) -> ClusterResult:
    return ClusterResult(**dict(view_of(change.record)), result=change.outcome)


def _label_filter(given: list[str]) -> dict[str, str]:
    wanted: dict[str, str] = {}
    for item in given:
        name, separator, value = item.partition("=")
        if not separator or not name:
            told = f"{item[:100]!r} is no label filter"
            raise ApiError(422, "invalid", f"label: {told}", "write it as label=name=value", [Detail("label", told)])
        wanted[name] = value
    return wanted
