"""Asking a cluster's API server as its administrator, over plain HTTP calls: the tests' own view of the truth."""

from __future__ import annotations

import json
import ssl
import tempfile
from pathlib import Path
from typing import Any

import httpx

from tests.cluster.bed.pki import Pair


class Api:
    """The API server at ``url``; closed by ``close``."""

    def __init__(self, url: str, authority: bytes, client: Pair) -> None:
        context = ssl.create_default_context(cadata=authority.decode())
        with tempfile.TemporaryDirectory() as folder:
            client.write(Path(folder), "client")
            context.load_cert_chain(Path(folder, "client.crt"), Path(folder, "client.key"))
        self._http = httpx.Client(base_url=url, verify=context, timeout=30, trust_env=False)

    def is_ready(self) -> bool:
        """Tell whether the API server says it is."""
        try:
            return self._http.get("/readyz", timeout=2).status_code == 200
        except httpx.HTTPError:
            return False

    def get(self, path: str) -> Any:
        """Return a decoded answer; raises for a status that is no success."""
        return self._checked(self._http.get(path)).json()

    def exists(self, path: str) -> bool:
        """Tell whether there is such an object."""
        return self._http.get(path).status_code == 200

    def post(self, path: str, body: Any, **params: str) -> Any:
        """Send JSON; return the decoded answer, ``None`` if it is empty."""
        answer = self._checked(self._http.post(path, json=body, params=params))
        return answer.json() if answer.content else None

    def apply(self, path: str, body: Any) -> Any:
        """Apply an object server-side, as ours."""
        headers = {"Content-Type": "application/apply-patch+yaml"}
        params = {"fieldManager": "lmabed", "force": "true"}
        return self._checked(self._http.patch(path, content=json.dumps(body), headers=headers, params=params)).json()

    def delete(self, path: str) -> None:
        """Delete an object if it is there."""
        answer = self._http.delete(path)
        if answer.status_code != 404:
            self._checked(answer)

    def close(self) -> None:
        """Release the connections."""
        self._http.close()

    @staticmethod
    def _checked(answer: httpx.Response) -> httpx.Response:
        if answer.is_error:
            raise RuntimeError(
                f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text[:500]}"
            )
        return answer
