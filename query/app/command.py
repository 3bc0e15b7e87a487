"""``lma gateway``: the query gateway alone, from a static file, without a database."""

from __future__ import annotations

import sys
from pathlib import Path

from query.app.config import load_config
from query.app.gateway import Gateway
from query.app.http import create_app
from query.app.http_metrics import process_registry
from query.app.logs import configure_logging
from query.app.serve import Stop, bind, run_until_stopped, serve
from query.model.errors import ConfigError


def run(config: Path, listen: str | None = None, *, check_only: bool = False) -> int:
    """Run until stopped and return the exit code; a configuration that can't be used is told on standard error."""
    try:
        settings = load_config(config)
        if check_only:
            print(f"{config}: {len(settings.clusters)} clusters, listens on {listen or settings.listen}: usable")
            return 0
        with bind(listen or settings.listen) as listener:
            configure_logging()

            async def main(stop: Stop) -> None:
                registry = process_registry()
                async with Gateway(settings, registry) as gateway:
                    await gateway.replace_clusters(settings.clusters)
                    await serve(create_app(gateway, registry), listener, stop)

            return run_until_stopped(main)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 1
