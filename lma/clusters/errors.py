"""What can go wrong with connecting a cluster. Texts are fit to be shown and never contain a secret.

::

    RegistryError
    └── ConnectorError           it can't be connected as it was asked             422
        ├── KubeconfigError      the kubeconfig can't be used                      422
        └── KubernetesError      the API server refused, or could not be asked     422
"""

from __future__ import annotations

from lma.registry.errors import RegistryError


class ConnectorError(RegistryError):
    """A cluster can't be connected as it was asked.

    ``reason`` is one CamelCase word for conditions and events; ``is_transient`` says whether trying again may help.
    """

    def __init__(self, reason: str, message: str, remedy: str, *, is_transient: bool = False) -> None:
        super().__init__(message, remedy)
        self.reason = reason
        self.is_transient = is_transient


class KubeconfigError(ConnectorError):
    """A kubeconfig can't be used; says which part of it and never what is in it."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__("BadKubeconfig", message, remedy)


class KubernetesError(ConnectorError):
    """The API server refused, or could not be asked; ``status`` is 0 where there was no answer."""

    def __init__(self, reason: str, message: str, remedy: str, *, status: int = 0, is_transient: bool = False) -> None:
        super().__init__(reason, message, remedy, is_transient=is_transient)
        self.status = status
