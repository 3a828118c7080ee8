"""tidegate webhook"""

from __future__ import annotations

from pathlib import Path

import click

from tidegate.cli import options


class _Names(click.Group):
    """What is no subcommand is the name of an endpoint."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.commands:
            return "endpoint", self.commands["endpoint"], args
        return super().resolve_command(ctx, args)


@click.group("webhook", cls=_Names, short_help="Where decisions are delivered; what could not be.")
def command() -> None:
    """Where decisions are delivered; see docs/delivery.md.

    \b
    tidegate webhook NAME --zone us --url https://…   adds an endpoint; prints its secret, once
    tidegate webhook NAME --rotate                    makes a new secret
    tidegate webhook NAME --enable                    sends again, after it answered 410
    tidegate webhook NAME --remove                    sends nothing to it any more
    tidegate webhook NAME --help                      says what else may be given
    """


@command.command("endpoint", hidden=True)
@click.argument("name")
@click.option("--zone", help="The zone whose decisions it is told, such as us.")
@click.option("--url", help="Its address.")
@click.option("--event", "events", multiple=True, help="item.decided, item.undone; both without it.")
@click.option(
    "--delay", "delay_s", type=float, help="Seconds that decisions wait, so that they can be undone."
)
@click.option("--rotate", is_flag=True, help="Make a new secret; for a day the old one signs too.")
@click.option("--enable", is_flag=True, help="Send again, after it answered 410.")
@click.option("--remove", is_flag=True, help="Send nothing to it any more.")
@options.workspace
def endpoint(
    name: str,
    zone: str | None,
    url: str | None,
    events: tuple[str, ...],
    delay_s: float | None,
    rotate: bool,
    enable: bool,
    remove: bool,
    workspace: Path,
) -> None:
    """Add the endpoint NAME and print its secret, once; or --rotate, --enable or --remove it.

    Zone, address, events and delay stay as they were given: for others, remove it and add one of
    another name.
    """
    if rotate + enable + remove > 1:
        raise click.UsageError("One of --rotate, --enable and --remove at a time.")
    if not (rotate or enable or remove) and (zone is None or url is None):
        raise click.UsageError(
            "A new endpoint needs a --zone and a --url, such as --zone us --url https://…; of one that is "
            "there only the secret changes (--rotate), or whether it is sent to (--enable, --remove)."
        )
    from tidegate.server.boot import boot

    boot(workspace)

    from tidegate.server.delivery import endpoints
    from tidegate.server.delivery.settings import webhooks

    actor = options.actor()
    if remove:
        waited = endpoints.remove_endpoint(name, actor=actor)
        click.echo(f"webhook {name}: removed; {waited:,} deliveries had not left")
    elif enable:
        endpoints.enable_endpoint(name, actor=actor)
        click.echo(f"webhook {name}: enabled")
    elif rotate:
        click.echo(endpoints.rotate_secret(name, actor=actor))
    else:
        settings = webhooks(workspace)
        secret = endpoints.add_endpoint(
            name, zone or "", url or "", settings, actor=actor, events=events, delay_s=delay_s
        )
        click.echo(secret)


@command.command("list")
@options.workspace
def listed(workspace: Path) -> None:
    """List the endpoints, without their secrets."""
    from tidegate.server.boot import boot

    boot(workspace)

    import polars as pl

    from tidegate.cli import show
    from tidegate.server.delivery.models import Endpoint

    rows = [
        {
            "endpoint": one.name,
            "zone": one.zone,
            "address": one.url,
            "events": ", ".join(one.events),
            "delay s": one.delay_s,
            "sent to": "yes" if one.active else "no, 410",
            "added": f"{one.created_at:%Y-%m-%d %H:%M} UTC",
        }
        for one in Endpoint.objects.filter(removed=False).order_by("name")
    ]
    if rows:
        show.frame(pl.DataFrame(rows))
    else:
        click.echo("There is no endpoint yet: tidegate webhook NAME --zone us --url https://…")


@command.command("dead")
@options.workspace
def dead(workspace: Path) -> None:
    """List what was given up after the last try."""
    from tidegate.server.boot import boot

    boot(workspace)

    from tidegate.server.delivery.dead import dead

    if not dead().exists():
        click.echo("Nothing was given up.", err=True)
    for one in dead().iterator():
        tries = f"{one.attempts} tries"
        click.echo(
            f"{one.pk}\t{one.endpoint.name}\t{one.event}\t{one.item.external_id}\t{tries}\t{one.problem}"
        )


@command.command("resend")
@click.argument("number", metavar="ID", type=int, required=False)
@click.option("--all", "everything", is_flag=True, help="All that are dead.")
@options.workspace
def resend(number: int | None, everything: bool, workspace: Path) -> None:
    """Send a dead delivery anew, or all of them."""
    if (number is None) != everything:
        raise click.UsageError("Give the ID of one, or --all.")
    from tidegate.server.boot import boot

    boot(workspace)

    from tidegate.server.delivery.dead import resend

    click.echo(f"{resend(number, actor=options.actor()):,} to be sent anew")
