"""tidegate serve"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import click

from tidegate.cli import options


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

    from tidegate.runs.intake import intake
    from tidegate.server.review.media import origins

    intake(workspace)  # a setting that is wrong is said now, and not at the first item
    origins(workspace)

    from granian import Granian
    from granian.constants import Interfaces

    click.echo(f"Tidegate serves http://{host}:{port}/api/v1/ as /api/v1/openapi.json describes", err=True)
    Granian(
        "tidegate.server.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=threads,
        log_enabled=False,
        respawn_failed_workers=True,
    ).serve()
