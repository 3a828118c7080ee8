"""tidegate erase"""

from __future__ import annotations

from pathlib import Path

import click

from tidegate.cli import options
from tidegate.names import counted


@click.command("erase", short_help="Erase content and people's data on request; statistics stay whole.")
@click.option("--zone", required=True, help="The zone, such as us.")
@click.option("--item", default="", help="The platform's id of an item.")
@click.option("--author", default="", help="The platform's id of somebody: their items, reports and appeals.")
@options.workspace
def command(zone: str, item: str, author: str, workspace: Path) -> None:
    """Erase an item, or all that somebody posted, reported and appealed: for good. See docs/people.md.

    Exit status 1 says that something is on hold, and was not erased.
    """
    if bool(item) == bool(author):
        raise click.UsageError("Give --item or --author.")
    from tidegate.server.boot import boot

    boot(workspace)

    from tidegate.server.retention.erasing import erase

    done = erase(zone, actor=options.actor(), item=item, author=author)
    click.echo(f"{counted(done.items, 'item')} and {counted(done.events, 'event')} erased")
    if not (done.items or done.events or done.held):
        found = f"item '{item}'" if item else f"author '{author}'"
        click.echo(
            f"There is nothing of {found} in '{zone}': check both, unless it was erased before.", err=True
        )
    if done.held:
        click.echo(f"{done.held:,} on hold and not erased: `tidegate hold --list`", err=True)
        raise click.exceptions.Exit(1)
