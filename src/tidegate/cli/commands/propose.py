"""tidegate propose"""

from __future__ import annotations

from pathlib import Path

import click

from tidegate.cli import options


@click.command("propose", short_help="Ask a second person to let a version decide.")
@click.argument("name")
@click.argument("version", type=click.IntRange(1))
@click.option("--because", required=True, help="Why: it stays on record.")
@options.workspace
def command(name: str, version: int, because: str, workspace: Path) -> None:
    """Ask that VERSION of the strategy NAME may decide. Somebody else agrees, or does not, at /launches/."""
    from tidegate.server.boot import boot

    boot(workspace)

    from tidegate.server.launches.four_eyes import APPROVE
    from tidegate.server.launches.proposals import propose
    from tidegate.server.people.roles import roles_with

    propose(name, version, because, actor=options.actor())
    click.echo(f"{name} {version}: waits at /launches/ for somebody else ({', '.join(roles_with(APPROVE))})")
