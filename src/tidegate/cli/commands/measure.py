"""tidegate measure"""

from __future__ import annotations

import json
from pathlib import Path

import click

from tidegate.cli import options
from tidegate.cli.from_server import OfRun


@click.command(
    "measure", cls=OfRun, short_help="Leakage and overkill of a run, with intervals, by any slice."
)
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--labels",
    type=click.Path(path_type=Path),
    help="Labels of the audit sample (CSV, JSONL, Parquet); without it, the run's truth where it has one.",
)
@click.option(
    "--golds",
    type=click.Path(path_type=Path),
    help="Known answers (item_id, violates) among LABELS: rates and shares are corrected for mistakes.",
)
@options.sliced(None)
@click.option(
    "--prediction",
    metavar="SCORE",
    help="A score of the run that rates may rely on as far as the labels prove it right.",
)
@click.option("--confidence", type=click.FloatRange(0.5, 0.9999), default=0.95, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
def command(
    run: Path,
    labels: Path | None,
    golds: Path | None,
    by: tuple[str, ...],
    prediction: str | None,
    confidence: float,
    as_json: bool,
) -> None:
    """Leakage (harm that got through) and overkill (good content that was stopped) of RUN.

    LABELS needs the columns item_id and violates (yes or no); a filled-in audit.csv is one. Only items that
    were drawn for the audit sample count: each has a recorded probability, so the interval is honest.
    --by day or --by week shows a trend.
    """
    from tidegate.cli import show
    from tidegate.runs.folder import RunFolder
    from tidegate.runs.measuring import measure

    if golds is not None and labels is None:
        raise click.UsageError("--golds needs --labels: mistakes are seen where labels answer golds.")
    figures = measure(RunFolder(run), labels, by, confidence, prediction)
    if golds is not None and labels is not None:
        from tidegate.runs.reviewing import correct

        figures = correct(figures, RunFolder(run), labels, golds, confidence)
    if as_json:
        click.echo(json.dumps(figures, ensure_ascii=False, indent=2))
    else:
        show.problems(figures["warnings"])
        show.errors(figures)
        if golds is not None:
            show.corrections(figures)
