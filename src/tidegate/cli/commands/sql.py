"""tidegate sql"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from tidegate.cli.from_server import OfRun


@click.command("sql", cls=OfRun, short_help="Ask a run in SQL: items, signals, decisions, truth.")
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("query")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv", "jsonl"]),
    default="table",
    show_default=True,
    help="A table shows the first 1,000 rows; csv and jsonl have them all.",
)
def command(run: Path, query: str, form: str) -> None:
    """Ask RUN the SQL in QUERY (DuckDB's dialect), over the tables items, signals, decisions and truth.

    \b
      tidegate sql run/ "select action, count(*) from decisions group by 1"
      tidegate sql run/ "select * from signals where \\"text.hate\\" > 0.9" --format csv
    """
    from tidegate.cli import show
    from tidegate.warehouse import query as ask

    frame = ask(run, query)
    if form == "table":
        show.frame(frame)
    elif form == "csv":
        frame.write_csv(sys.stdout.buffer)
    else:
        frame.write_ndjson(sys.stdout.buffer)
