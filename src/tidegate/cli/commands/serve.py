"""tidegate serve"""

from __future__ import annotations

import os
import socket
import tempfile
from pathlib import Path

import click

from tidegate.cli import options
from tidegate.errors import RunError

STOPS_WITHIN_S = 30
"""What processes have to answer the requests at hand when they are told to stop. One that is told while it
begins does not hear it, and would never end."""


@click.command("serve", short_help="Run the service: items in over HTTP, decisions out.")
@options.workspace
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(1, 65_535), default=8080, show_default=True)
@click.option("--workers", type=click.IntRange(1), default=1, show_default=True, help="Processes.")
@click.option(
    "--threads", type=click.IntRange(1), default=16, show_default=True, help="Requests at once, per process."
)
def command(workspace: Path, host: str, port: int, workers: int, threads: int) -> None:
    """Serve the workspace's API until Ctrl-C; see docs/service.md.

    State lies in tidegate.db in the workspace, or in the PostgreSQL that DATABASE_URL names.
    """
    from tidegate.server.boot import boot

    # Where the processes add their metrics up; to be known before any of them begins.
    shared = click.get_current_context().with_resource(
        tempfile.TemporaryDirectory(prefix="tidegate-metrics-")
    )
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = shared
    boot(workspace)

    from tidegate.server.settings_check import check_secrets, check_settings

    check_settings(workspace)
    check_secrets(workspace)
    address = _address(host, port)

    from granian import Granian
    from granian.constants import Interfaces

    shown = f"[{host}]" if ":" in host else host
    click.echo(f"Tidegate serves http://{shown}:{port}/api/v1/ as /api/v1/openapi.json describes", err=True)
    Granian(
        "tidegate.server.wsgi:application",
        address=address,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=threads,
        log_enabled=False,
        respawn_failed_workers=True,
        workers_kill_timeout=STOPS_WITHIN_S,
    ).serve()


def _address(host: str, port: int) -> str:
    """The numbers of the address, where nobody listens yet.

    Our processes share a port, so that those of another service would share it with them.
    """
    try:
        [(family, _, _, _, (address, *_)), *_] = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((address, port))
    except OSError as error:
        raise RunError(
            f"cannot listen on {host}:{port}: {error.strerror}",
            remedy="Stop what listens there, or choose another --port; --host is an address of this machine.",
        ) from error
    return str(address)
