"""tidegate activate"""

from __future__ import annotations

from pathlib import Path

import click

from tidegate.cli import options


@click.command("activate", short_help="Let a published version decide: forward, or back.")
@click.argument("name")
@click.argument("version", type=click.IntRange(1))
@options.workspace
def command(name: str, version: int, workspace: Path) -> None:
    """Let VERSION of the strategy NAME decide, from the next batch of items on, in every process."""
    from tidegate.server.boot import boot

    boot(workspace)

    from tidegate.server.launches.actions import activate

    chosen = activate(name, version, actor=options.actor())
    click.echo(f"{chosen.name} {chosen.number} ({chosen.label}): active")
