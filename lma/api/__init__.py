"""The control plane over HTTP: ``/v1/…``, its errors, its tokens, and the page that documents it.

Knows the registry and the gateway's configuration; knows nothing of the command line, the portal or the demo.
"""
