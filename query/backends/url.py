"""What counts as the URL of an endpoint."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit


def checked_url(value: str) -> str:
    """Return the URL in one canonical form (no trailing slash, lower-case host); ``ValueError`` says what is wrong.

    Passwords in a URL are refused because URLs end up in logs, errors and process lists.
    """
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError as error:
        raise ValueError(f"{value!r} is no URL: {error}") from error
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"{value!r} is no http or https URL with a host, for instance http://prometheus.example:9090")
    if parts.username is not None or parts.password is not None:
        raise ValueError("a URL may not contain a user or password: it would show up in logs and errors")
    if parts.query or parts.fragment:
        raise ValueError(f"{value!r} may not have a query or fragment: give the base URL of the API")
    if not value.isprintable() or " " in value:
        raise ValueError(f"{value!r} contains white space or control characters")
    host = parts.hostname.lower()
    if ":" in host:
        host = f"[{host}]"
    netloc = host if port is None else f"{host}:{port}"
    return urlunsplit((parts.scheme, netloc, parts.path.rstrip("/"), "", ""))
