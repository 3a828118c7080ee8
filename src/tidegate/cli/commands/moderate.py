"""tidegate moderate"""

from __future__ import annotations

from pathlib import Path

import click

from tidegate.cli import options

SOME_REJECTED = 3


@click.command("moderate", short_help="Decide every item of a file; write a run folder.")
@click.argument("posts", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--strategy", required=True, help='Strategy file; "starter" for the one that ships with Tidegate.'
)
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Run folder to write.")
@options.reading
@click.option(
    "--truth", help="SQL over the file's columns that says which items violate: \"label <> 'neither'\"."
)
@click.option("--truth-policy", help="SQL over the file's columns that names the policy they violate.")
@options.sliced("policy,language")
@options.let
@click.option("--arm", default="current", show_default=True, help="Name of the launch arm.")
@click.option(
    "--batch-rows", type=click.IntRange(1), default=50_000, show_default=True, help="Items per batch."
)
@click.option("--resume", is_flag=True, help="Take up an interrupted run where it stopped.")
def command(
    posts: tuple[str, ...],
    strategy: str,
    out: Path,
    columns: dict[str, str],
    form: str | None,
    truth: str | None,
    truth_policy: str | None,
    by: tuple[str, ...],
    let: dict[str, float],
    arm: str,
    batch_rows: int,
    resume: bool,
) -> None:
    """Decide every item of FILE... (CSV, JSONL, Parquet; - is standard input) and write a run folder.

    \b
    The folder holds
      decisions.parquet   one decision per item, replayable
      signals.parquet     what the detectors said
      items.parquet       the items as they were read
      review.csv          what people must decide
      audit.csv           the blind audit sample, with a column to fill in
      rejected.jsonl      rows that could not be read, with line, field and remedy
      summary.json        counts, cost, leakage and overkill

    Exit status 3 says that some rows were rejected. Ctrl-C leaves whole batches; --resume takes them up.
    """
    from tidegate.cli import show
    from tidegate.runs.bench import set_up
    from tidegate.runs.moderate import Job, moderate

    job = Job(
        sources=posts,
        out=out,
        columns=columns,
        format=form,
        truth=truth,
        truth_policy=truth_policy,
        by=by,
        arm=arm,
        batch_rows=batch_rows,
        resume=resume,
    )
    bench = set_up(strategy, let=let)
    show.problems(bench.strategy.warnings)
    try:
        with show.progress("moderating") as report:
            summary = moderate(job, bench, report)
    except KeyboardInterrupt:
        click.echo(f"What was decided is kept in {out}: the same command with --resume goes on.", err=True)
        raise
    show.summary(summary)
    if truth:
        click.echo(f"\nWritten to {out}. The truth stands in for people's labels; look closer with")
        click.echo(f"  tidegate measure {out} --by policy,language")
    else:
        click.echo(f"\nWritten to {out}. Next: people fill in {out / 'audit.csv'}, then")
        click.echo(f"  tidegate measure {out} --labels {out / 'audit.csv'}")
    if summary["rejected"]:
        show.rejected(summary["rejected"], summary["rejected_because"], out / "rejected.jsonl")
        raise click.exceptions.Exit(SOME_REJECTED)
