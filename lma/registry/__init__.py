"""What the service remembers: clusters and tokens, in one SQL database, with its migrations.

The only room that knows SQLAlchemy. Rows never leave it: repositories give and take the frozen values of ``records``.
``directory`` is the use case on top: what is registered is what is queried.
"""
