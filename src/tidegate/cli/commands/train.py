"""tidegate train"""

from __future__ import annotations

from pathlib import Path

import click


@click.command("train", short_help="Train the embedded text-risk model.")
@click.option(
    "--data",
    required=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder with the data sets that the recipe names.",
)
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder to write the model to.")
@click.option(
    "--recipe", type=click.Path(path_type=Path), help="Which sets teach which harm; ours unless told."
)
def command(data: Path, out: Path, recipe: Path | None) -> None:
    """Train the embedded text-risk model from labelled sets and write its weights and figures to OUT.

    Only sets that the recipe names are used, each with its licence recorded; a harm that a set does not label
    is masked there, not taken as absent. Use the model by naming it in tidegate.toml:

    \b
      [detectors.text]
      weights = "OUT/text-risk.npz"
    """
    from tidegate.signals.text_risk.card import card
    from tidegate.signals.text_risk.corpus import RECIPE
    from tidegate.signals.text_risk.train import train

    trained = train(data, out, recipe=recipe or RECIPE, report=lambda line: click.echo(line, err=True))
    click.echo(card(trained))
    click.echo(f"Written to {trained.path}.", err=True)
