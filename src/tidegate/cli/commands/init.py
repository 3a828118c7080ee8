"""tidegate init"""

from __future__ import annotations

from pathlib import Path

import click


@click.command("init", short_help="Lay out a workspace: tidegate.toml, policies/, strategies/.")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--name", help="Name of the platform; the folder's name unless told.")
def command(folder: Path, name: str | None) -> None:
    """Lay out a workspace in FOLDER: settings, starter policies with golden cases, starter strategies.

    The files are yours to change. FOLDER must be empty or not exist.
    """
    from tidegate.runs.workspace import lay_out

    written = lay_out(folder, name)
    click.echo(f"Laid out {len(written)} files in {folder}:")
    for path in sorted({file.relative_to(folder).parts[0] for file in written}):
        click.echo(f"  {path}")
    click.echo(f"Next: cd {folder} && tidegate policy check")
