"""The parts of a running service, opened in order and closed in reverse.

Whatever can fail for a reason the user can mend fails here, before the first request, as ``ConfigError`` or
``DatabaseError``.
"""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import structlog
from prometheus_client import CollectorRegistry

from lma.clusters.connections import Connections
from lma.clusters.onboarding import Onboarding
from lma.clusters.standing import StandingCredentials
from lma.clusters.tending import tended
from lma.clusters.worker import working
from lma.registry.database import Database
from lma.registry.directory import Directory
from lma.registry.jobs import Jobs
from lma.registry.ledger import Ledger
from lma.registry.migrate import migrate
from lma.registry.token_store import TokenStore
from lma.registry.watch import watched
from lma.service.config import ServiceConfig
from lma.service.plane import GatewayPlane
from lma.service.sealing_keys import SealingKeys
from lma.service.state import StateDir
from query.app.gateway import Gateway
from query.app.http_metrics import process_registry


@dataclass(frozen=True, slots=True)
class Service:
    """What the application is made of. ``new_admin_token`` is set when this start made one: show it, then forget it."""

    config: ServiceConfig
    database: Database
    directory: Directory
    tokens: TokenStore
    gateway: Gateway
    metrics: CollectorRegistry
    onboarding: Onboarding
    ledger: Ledger
    sealing_keys: SealingKeys
    new_admin_token: str | None = field(repr=False)

    @classmethod
    @asynccontextmanager
    async def opened(cls, config: ServiceConfig, *, reset_admin_token: bool = False) -> AsyncIterator[Service]:
        """Open everything the configuration names; the query plane has every registered cluster from the start."""
        log = structlog.get_logger()
        async with AsyncExitStack() as stack:
            state = stack.enter_context(StateDir.owned(config.state_dir))
            database = await stack.enter_async_context(Database.opened(config.database_place()))
            migration = await migrate(database)
            if migration.before != migration.after:
                log.info("database migrated", before=migration.before, after=migration.after)
            tokens = await TokenStore.loaded(database)
            new_token = None
            if reset_admin_token or tokens.is_empty():
                new_token = await tokens.reset_admin(state.write_admin_token)
                log.info("admin token made", file=str(state.admin_token_path))
            metrics = process_registry()
            gateway = await stack.enter_async_context(Gateway(config, metrics))
            connections = Connections()
            plane = GatewayPlane(gateway, config.partition_label, connections)
            directory = Directory(database, plane, config.partition_label)
            sealing_keys = SealingKeys(config.sealing_keys_path())
            ledger = Ledger(database, sealing_keys.box())
            jobs = Jobs(database, f"{socket.gethostname()[:40]}-{os.getpid()}-{secrets.token_hex(4)}")
            onboarding = Onboarding(directory, StandingCredentials(ledger), connections, jobs, plane)
            await onboarding.load()
            log.info("clusters loaded", clusters=await directory.start(), state_dir=str(config.state_dir))
            await stack.enter_async_context(watched(directory, config.inspect_every_s))
            await stack.enter_async_context(tended(directory, onboarding, config.inspect_every_s))
            await stack.enter_async_context(working(jobs, onboarding.run))
            yield cls(
                config, database, directory, tokens, gateway, metrics, onboarding, ledger, sealing_keys, new_token
            )
