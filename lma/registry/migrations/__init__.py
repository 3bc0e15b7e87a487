"""Alembic's folder: its entry, its template, and the revisions in ``versions``."""
