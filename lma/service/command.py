"""``lma serve`` as a function: everything from the configuration to the exit code.

What a user did wrong is told on standard error in one message with its remedy, and the code is 1; a traceback is
always a bug of ours.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import structlog

from lma.registry.errors import RegistryError
from lma.service.app import create_app
from lma.service.config import ServiceConfig, load_service_config
from lma.service.runtime import Service
from query.app.logs import configure_logging
from query.app.serve import Stop, bind, run_until_stopped, serve
from query.model.errors import GatewayError

FAILED = 1


def run(config: Path | None, listen: str | None, state_dir: Path | None, reset_admin_token: bool) -> int:  # noqa: FBT001
    """Serve until told to stop; return the exit code (0 after a clean stop, 130 if interrupted twice, else 1)."""
    try:
        settings = load_service_config(config, listen=listen, state_dir=state_dir)
        settings.effective_query_auth()
        os.umask(0o077)
        configure_logging(settings.log.format, settings.log.level)
        with bind(settings.listen) as listener:

            async def main(stop: Stop) -> None:
                async with Service.opened(settings, reset_admin_token=reset_admin_token) as service:
                    if service.new_admin_token is not None:
                        _show_admin_token(service.new_admin_token, settings)
                    await serve(create_app(service), listener, stop, drain_s=settings.drain_s)
                structlog.get_logger().info("stopped")

            return run_until_stopped(main)
    except GatewayError as error:
        return _fail(str(error))
    except RegistryError as error:
        return _fail(f"{error.message}; {error.remedy}")


def _show_admin_token(token: str, settings: ServiceConfig) -> None:
    """Print the token once, apart from the logs; it can't be had again, only replaced."""
    print(  # noqa: T201  what this command is asked for
        "Admin token, shown this once (`lma serve --reset-admin-token` makes a new one):\n\n"
        f"  {token}\n\n"
        f"The command line on this machine reads it from {settings.state_dir / 'admin-token'}.\n",
        flush=True,
    )


def _fail(message: str) -> int:
    sys.stderr.write(f"lma serve: {message}\n")
    return FAILED
