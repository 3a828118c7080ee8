"""tidegate hold"""

from __future__ import annotations

from pathlib import Path

import click

from tidegate.cli import options


@click.command("hold", short_help="Legal holds: what must not be erased.")
@click.option("--zone", help="The zone of what is held, such as us.")
@click.option("--item", default="", help="The platform's id of an item.")
@click.option(
    "--author", default="", help="The platform's id of an author: all of theirs, also what comes later."
)
@click.option("--reason", help="Why, such as the number of a case.")
@click.option("--release", type=int, metavar="ID", help="Release a hold.")
@click.option("--list", "listed", is_flag=True, help="List the holds that stand.")
@options.workspace
def command(
    zone: str | None,
    item: str,
    author: str,
    reason: str | None,
    release: int | None,
    listed: bool,
    workspace: Path,
) -> None:
    """Put an item or an author on hold: neither retention nor a request erases it. See docs/people.md."""
    if not listed and release is None and (zone is None or not reason):
        raise click.UsageError("A hold needs a --zone, a --reason, and an --item or an --author.")
    from tidegate.server.boot import boot

    boot(workspace)

    from tidegate.server.retention import holds
    from tidegate.server.retention.models import Hold

    actor = options.actor()
    if listed:
        holding = Hold.objects.filter(released_at=None).order_by("pk")
        if not holding:
            click.echo("Nothing is on hold.", err=True)
        for one in holding:
            on = f"item {one.item}" if one.item else f"author {one.author}"
            click.echo(f"{one.pk}\t{one.zone}\t{on}\t{one.set_at:%Y-%m-%d}\t{one.set_by}\t{one.reason}")
    elif release is not None:
        holds.release(release, actor=actor)
        click.echo(f"hold {release}: released")
    else:
        made = holds.hold(zone or "", reason or "", actor=actor, item=item, author=author)
        click.echo(f"hold {made.pk}: set")
