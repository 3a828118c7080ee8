"""tidegate versions"""

from __future__ import annotations

from pathlib import Path

import click

from tidegate.cli import options


@click.command("versions", short_help="What was published, by whom and why, and what is active.")
@click.argument("name", required=False)
@click.argument("numbers", type=click.IntRange(1), nargs=-1, metavar="[OLD [NEW]]")
@options.workspace
def command(name: str | None, numbers: tuple[int, ...], workspace: Path) -> None:
    """List the published strategies, newest first; the one that decides is marked.

    With NAME and OLD: what is different in version NEW of that strategy, or in its newest, in words.
    """
    if len(numbers) > 2 or (name is not None and not numbers):
        raise click.UsageError("To compare: tidegate versions NAME OLD [NEW].")
    from tidegate.server.boot import boot

    boot(workspace)
    if name is None:
        _list()
    else:
        _compare(name, *numbers)


def _list() -> None:
    import polars as pl

    from tidegate.cli import show
    from tidegate.server.launches.models import StrategyVersion
    from tidegate.server.launches.reads import active

    now = active()
    rows = [
        {
            "strategy": version.name,
            "version": str(version.number),
            "active": now is not None and now[1].pk == version.pk,
            "label": version.label,
            "published": f"{version.published_at:%Y-%m-%d %H:%M} UTC",
            "by": version.published_by,
            "message": version.message,
        }
        for version in StrategyVersion.objects.order_by("-pk")
    ]
    if rows:
        show.frame(pl.DataFrame(rows))
    else:
        click.echo("Nothing was published yet: tidegate publish strategies/text.yaml --message …")


def _compare(name: str, old: int, new: int | None = None) -> None:
    from tidegate.server.launches.decider import checked
    from tidegate.server.launches.reads import version_of
    from tidegate.strategy.differences import differences

    before, after = version_of(name, old), version_of(name, new)
    click.echo(f"{name} {after.number} ({after.label}) against {before.number} ({before.label}):")
    for sentence in differences(checked(before.text), checked(after.text)) or ["Nothing is different."]:
        click.echo(f"  {sentence}")
