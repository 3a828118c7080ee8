"""tidegate person"""

from __future__ import annotations

from pathlib import Path

import click

from tidegate.cli import options


@click.command("person", short_help="Who signs in: add people, give roles and zones.")
@click.argument("name", required=False)
@click.option("--role", "roles", multiple=True, help="Give a role, such as moderator. Repeatable.")
@click.option("--drop-role", "drop_roles", multiple=True, help="Take a role away. Repeatable.")
@click.option("--zone", "zones", multiple=True, help="Clear for a zone, such as us. Repeatable.")
@click.option("--drop-zone", "drop_zones", multiple=True, help="Take a clearance away. Repeatable.")
@click.option("--email", help="The address by which single sign-on knows them.")
@click.option("--language", help="Of the pages: en or zh-hans; as the browser asks without it.")
@click.option("--time-zone", help="Of the pages, such as Asia/Shanghai.")
@click.option("--link", is_flag=True, help="Forget the password, and print a link to choose another.")
@click.option("--lost-second-factor", is_flag=True, help="Remove the second factors.")
@click.option(
    "--activate/--deactivate", "active", default=None, help="Let in again; or sign out and let in no more."
)
@click.option("--erase", is_flag=True, help="Forget who they are. What they did stays on record.")
@click.option("--list", "listed", is_flag=True, help="List the people.")
@click.option("--matrix", is_flag=True, help="Show what each role may do.")
@options.workspace
def command(
    name: str | None,
    roles: tuple[str, ...],
    drop_roles: tuple[str, ...],
    zones: tuple[str, ...],
    drop_zones: tuple[str, ...],
    email: str | None,
    language: str | None,
    time_zone: str | None,
    link: bool,
    lost_second_factor: bool,
    active: bool | None,
    erase: bool,
    listed: bool,
    matrix: bool,
    workspace: Path,
) -> None:
    """Add the person NAME and print the link by which they choose a password; or change who is there.

    See docs/people.md.
    """
    if matrix:
        from tidegate.server.people.roles import TABLE

        click.echo(TABLE.strip("\n"))
        return
    if listed == (name is not None):
        raise click.UsageError(
            "Name somebody, such as: tidegate person ana --role admin --zone us; or --list."
        )
    from tidegate.server.boot import boot

    boot(workspace)

    from tidegate.server.people import persons

    actor = options.actor()
    if name is None:
        _list()
        return
    if erase:
        persons.erase_person(persons.find_person(name), actor=actor)
        click.echo(f"person {name}: erased")
        return
    change = persons.Change(roles, drop_roles, zones, drop_zones, email, language, time_zone, active)
    # What takes away, or lets in again, is about somebody who is there: a name that is mistyped adds nobody.
    there = link or lost_second_factor or active is not None or bool(drop_roles or drop_zones)
    person, added = persons.set_person(name, change, actor=actor, add=not there)
    if lost_second_factor:
        persons.forget_second_factors(person, actor=actor)
    if added or link:
        click.echo(persons.welcome_link(person, actor=actor))
    else:
        click.echo(f"person {name}: done")


def _list() -> None:
    import polars as pl
    from allauth.mfa.utils import is_mfa_enabled

    from tidegate.cli import show
    from tidegate.server.people.models import User

    rows = [
        {
            "person": person.username,
            "id": person.actor,
            "roles": ", ".join(sorted(role.name for role in person.given_roles.all())),
            "zones": ", ".join(sorted(one.zone for one in person.clearances.all())),
            "second factor": "yes" if is_mfa_enabled(person) else "no",
            "signed in": "never" if person.last_login is None else f"{person.last_login:%Y-%m-%d %H:%M} UTC",
            "active": "yes" if person.is_active else "no",
        }
        for person in User.objects.filter(erased_at=None)
        .prefetch_related("given_roles", "clearances")
        .order_by("username")
    ]
    if rows:
        show.frame(pl.DataFrame(rows))
    else:
        click.echo("There is nobody yet: tidegate person NAME --role admin --zone us")
