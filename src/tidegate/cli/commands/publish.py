"""tidegate publish"""

from __future__ import annotations

from pathlib import Path

import click

from tidegate.cli import options


@click.command("publish", short_help="Publish a strategy as a version that never changes.")
@click.argument("strategy", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--message", required=True, help="Why: it stays on record with the version.")
@click.option("--hold", is_flag=True, help="Do not let it decide yet; `tidegate activate` or `propose` does.")
@options.workspace
def command(strategy: Path, message: str, hold: bool, workspace: Path) -> None:
    """Check STRATEGY, store it as a version that never changes, and let it decide from now on."""
    from tidegate.server.boot import boot

    boot(workspace)

    from tidegate.server.launches.actions import publish

    version = publish(strategy, message, actor=options.actor(), activate=not hold)
    state = "stored, and not active" if hold else "active"
    click.echo(f"{version.name} {version.number} ({version.label}): {state}")
