"""Putting the gateway together: configuration, the gateway object, the HTTP application, the server process."""
