"""tidegate policy check"""

from __future__ import annotations

from pathlib import Path

import click


@click.group("policy", short_help="Check written policies against their golden cases.")
def command() -> None:
    """Written policies and their golden cases."""


@command.command("check")
@click.argument("workspace", type=click.Path(path_type=Path), default=Path())
@click.option("--all", "everything", is_flag=True, help="Also by language and difficulty.")
def check(workspace: Path, everything: bool) -> None:
    """Check that every policy of WORKSPACE is whole, and how many of its golden cases each detector gets
    right.

    Exit status 1 says that a floor set in tidegate.toml ([floors.<detector>]) was not met.
    """
    import polars as pl

    from tidegate.cli import show
    from tidegate.runs.policies import check_workspace

    policies, results = check_workspace(workspace)
    cases = sum(len(found) for found in policies.golden.values())
    click.echo(f"{len(policies)} policies are whole, with {cases} golden cases.")
    overall = results.filter(pl.col("slice") == "all").drop("detector_version", "slice", "value")
    show.frame(results.drop("detector_version") if everything else overall)
    missed = results.filter(~pl.col("met"))
    if len(missed):
        click.echo(f"{len(missed)} floors were not met.", err=True)
        raise click.exceptions.Exit(1)
