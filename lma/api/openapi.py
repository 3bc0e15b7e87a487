"""The OpenAPI document: every operation once, each under an id that stays.

The query routes take GET and POST at one path, for which FastAPI makes one id twice, and says so in a warning. The ids
matter: clients are generated from them, and a link into ``/docs`` is one.
"""

from __future__ import annotations

import re
import warnings
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

METHODS: Final = ("get", "post", "put", "patch", "delete")
_FASTAPI_ERROR: Final = "HTTPValidationError"


def install(app: FastAPI) -> None:
    """Make ``/openapi.json`` serve the document with unique ids; it is made at the first request and kept."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = with_unique_ids(_generated(app))
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]


def with_unique_ids(document: dict[str, Any]) -> dict[str, Any]:
    """Name every operation by its method and path, ``get_v1_clusters_name``, and drop what is not true here.

    Not true are FastAPI's own shape of a validation error (``lma.api.errors`` has another) and HEAD as an operation.
    """
    for path, item in document["paths"].items():
        item.pop("head", None)
        words = re.sub(r"[^A-Za-z0-9]+", "_", path).strip("_")
        for method in METHODS:
            if method in item:
                item[method]["operationId"] = f"{method}_{words}"
                if _FASTAPI_ERROR in str(item[method]["responses"].get("422")):
                    del item[method]["responses"]["422"]
    schemas = document.get("components", {}).get("schemas", {})
    for name in (_FASTAPI_ERROR, "ValidationError"):
        schemas.pop(name, None)
    return document


def _generated(app: FastAPI) -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Duplicate Operation ID", category=UserWarning)
        return get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
