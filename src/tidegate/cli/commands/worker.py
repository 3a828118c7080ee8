"""tidegate worker"""

from __future__ import annotations

import signal
from pathlib import Path

import click

from tidegate.cli import options


@click.command("worker", short_help="Deliver what was decided, finish what is pending, do the day's work.")
@options.workspace
@click.option("--once", is_flag=True, help="Stop when nothing is due any more.")
def command(workspace: Path, once: bool) -> None:
    """Deliver decisions to endpoints, and decide what is pending, until Ctrl-C; see docs/delivery.md and
    docs/service.md. Several workers may run.

    A worker that is told to stop finishes what is on its way; one that is killed loses nothing.
    """
    from tidegate.server.boot import boot

    boot(workspace)

    from tidegate.runs.intake import intake
    from tidegate.server.content.finishing import Finisher, finish_all
    from tidegate.server.delivery.settings import webhooks
    from tidegate.server.delivery.worker import Worker
    from tidegate.server.retention.daily import Housekeeping, run_due
    from tidegate.server.settings_check import check_settings

    check_settings(workspace)
    worker = Worker(webhooks(workspace))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.stop())
    settings = intake(workspace)
    if once:
        run_due(workspace)
        finish_all(settings)
        worker.run(once=True)
        return
    Housekeeping(workspace).start()
    finisher = Finisher(settings)
    finisher.start()
    click.echo("Tidegate delivers", err=True)
    worker.run()
    finisher.stop()
