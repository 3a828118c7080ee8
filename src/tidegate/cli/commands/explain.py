"""tidegate explain"""

from __future__ import annotations

from pathlib import Path

import click

from tidegate.cli.from_server import OfRun


@click.command(
    "explain", cls=OfRun, short_help="Why one item was decided as it was, and what would have flipped it."
)
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("item_id")
@click.option("--show-text", is_flag=True, help="Show the item's text, too; it may be hard to read.")
def command(run: Path, item_id: str, show_text: bool) -> None:
    """Why ITEM_ID was decided as it was in RUN: every signal read, the rule that decided, what would have
    flipped it."""
    from tidegate.cli import show
    from tidegate.runs.folder import RunFolder
    from tidegate.runs.why import why

    show.explanation(why(RunFolder(run), item_id), show_text=show_text)
