"""tidegate train"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from tidegate.runs.adapting import Adaptation

FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
NOT_BETTER = 1


@click.command("train", short_help="Train a text model on labels of your own, or on public sets.")
@click.argument("posts", nargs=-1, type=FILE, metavar="[POSTS]...")
@click.option("--labels", type=FILE, help="What people found in the posts: item_id, policy, violates.")
@click.option("--from-scratch", is_flag=True, help="Start from nothing, not from the weights there are.")
@click.option("--weights", type=FILE, help="The text-risk weights to start from; ours unless told.")
@click.option(
    "--data",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder with the sets of the recipe: trains the quick model anew.",
)
@click.option(
    "--recipe", type=click.Path(path_type=Path), help="Which sets teach which harm; ours unless told."
)
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder to write the model to.")
def command(
    posts: tuple[Path, ...],
    labels: Path | None,
    from_scratch: bool,
    weights: Path | None,
    data: Path | None,
    recipe: Path | None,
    out: Path,
) -> None:
    """Train a text model.

    With POSTS and --labels, the text-risk model learns from what people found on your platform. It is tried
    on labels that it has not seen, and written only if it has proved better; the exit status is 1 if it has
    not: nothing went wrong, and nothing is written. Nothing that exists is written over. Golden cases are not
    tried: once tidegate.toml names the weights, run `tidegate policy check`.

    With --data, the quick model is trained on the sets that the recipe names, each with its licence
    recorded; a harm that a set does not label is masked there, not taken as absent.

    Use what was written by naming it in tidegate.toml:

    \b
      [detectors.text]
      weights = "OUT/text-risk.zip"
      [detectors.quick]
      weights = "OUT/quick-text.npz"
    """
    if (data is None) == (not posts) or (labels is None) != (not posts):
        raise click.UsageError("Give POSTS and --labels, or --data.")
    if data is not None:
        _quick(data, recipe, out)
    elif labels is not None:
        _own(posts, labels, weights, from_scratch, out)


def _quick(data: Path, recipe: Path | None, out: Path) -> None:
    from tidegate.runs.outputs import unused
    from tidegate.signals.card import card
    from tidegate.signals.quick_text.model import WEIGHTS
    from tidegate.signals.quick_text.train import train
    from tidegate.signals.text_corpus.corpus import RECIPE

    unused(out / WEIGHTS.name)
    trained = train(data, out, recipe=recipe or RECIPE, report=lambda line: click.echo(line, err=True))
    click.echo(card(trained.model, trained.corpus, trained.sources))
    click.echo(f"Written to {trained.path}.", err=True)


def _own(posts: tuple[Path, ...], labels: Path, weights: Path | None, from_scratch: bool, out: Path) -> None:
    from tidegate.runs.adapting import adapt
    from tidegate.runs.workspace import find_workspace
    from tidegate.signals.text_risk.weights import WEIGHTS

    workspace = find_workspace(Path.cwd())
    found = adapt(posts, labels, out, workspace, weights=weights or WEIGHTS, from_scratch=from_scratch)
    _show(found)
    if found.path is None:
        click.echo("It has not proved better: nothing is written, and the weights stay as they are.")
        raise click.exceptions.Exit(NOT_BETTER)
    click.echo(f"It has proved better on these labels. Written to {found.path}.")
    for harm, policies in found.shared.items():
        click.echo(
            f"  {harm} is the harm of several policies, which it now judges alike: {', '.join(policies)}."
        )
    click.echo("Name it in tidegate.toml, then run `tidegate policy check`: golden cases were not tried.")


def _show(found: Adaptation) -> None:
    import polars as pl

    from tidegate.cli import show

    rows = [
        {
            "harm": one.harm,
            "harmful": one.harmful,
            "harmless": one.harmless,
            "before": f"{one.before:.3f}",
            "after": f"{one.after:.3f}",
            "difference, 95 %": f"{one.low:+.3f} to {one.high:+.3f}",
        }
        for one in found.comparisons
    ]
    title = f"{found.texts:,} labelled texts; average precision on the fifth that was kept aside"
    show.frame(pl.DataFrame(rows), title)
    for note in found.left_out:
        click.echo(f"  left out: {note}")
