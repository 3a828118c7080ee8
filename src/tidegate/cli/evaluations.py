"""How good a judge is, and two judges beside each other, in a terminal."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import click

from tidegate.names import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tidegate.runs.judging.evaluate import Compared, Evaluation
    from tidegate.runs.judging.mistakes import Mistake
    from tidegate.signals.judge.asking import Bill

IDS_SHOWN = 10
WRONG = {"missed": "violates, and passed", "stopped": "is fine, and was stopped", "unanswered": "no verdict"}


def show_evaluation(found: Evaluation) -> None:
    """How good one judge is on one version of a policy."""
    import polars as pl

    from tidegate.cli import show

    of = found.agreement
    show.out.print(f"[bold]{found.judge}[/bold] on {found.policy}, {counted(found.cases, 'golden case')}")
    figures = [("precision", of.precision), ("recall", of.recall), ("F1", of.f1), ("κ", of.kappa)]
    rows = [
        (name, *(_rounded(value) for value in (one.estimate, one.low, one.high)), one.cases)
        for name, one in figures
    ]
    numbers = {"estimate": pl.Float64, "low": pl.Float64, "high": pl.Float64, "cases": pl.Int64}
    show.frame(pl.DataFrame(rows, schema={"figure": pl.String, **numbers}, orient="row"))
    both, missed, wrong, fine = of.confusion
    click.echo(
        f"  violating: {both} found, {missed} passed · fine: {fine} passed, {wrong} stopped · "
        f"{of.unanswered} without a verdict"
    )
    if passed_over := of.recall.cases - both - missed:
        click.echo(f"  recall and F1 count as missed what got no verdict: {passed_over} of the violating")
    _show_mistakes(found.mistakes)
    click.echo(f"  {spent(found.bill)}; {found.seconds / max(found.cases, 1):.2f} s a case")
    for name, figure in (found.stability or {}).items():
        if figure.cases:
            click.echo(
                f"  {name}: {figure.estimate:.1%} of {counted(figure.cases, 'verdict')} stay as they were"
            )
        else:
            click.echo(f"  {name}: no verdict to try it on")
    if found.injections is not None:
        _show_injections(found)


def show_compared(found: Compared) -> None:
    """Two judges, and what only one of them gets right of the cases that both answered."""
    show_evaluation(found.first)
    show_evaluation(found.second)
    pair, both = found.paired, found.paired.difference.cases
    click.echo(
        f"Both answered {both:,} of {counted(found.first.cases, 'case')}; the first left "
        f"{found.first.agreement.unanswered:,} without a verdict, the second "
        f"{found.second.agreement.unanswered:,}."
    )
    if not both:
        click.echo("There is nothing to compare.")
        return
    click.echo(
        f"Of those, the second gets {pair.second_only:,} right that the first does not, and the first "
        f"{pair.first_only:,} that the second does not: {signed(pair.difference.estimate)} "
        f"({signed(pair.difference.low)} to {signed(pair.difference.high)}), p = {pair.p_value:.3g}."
    )
    for whose, ids in (("first", found.only_first), ("second", found.only_second)):
        if ids:
            click.echo(f"  only the {whose} is right: {_listed(ids)}")


def _show_mistakes(mistakes: Sequence[Mistake]) -> None:
    """What went wrong in what way, with the ids of the cases."""
    alike: dict[str, list[str]] = {}
    for one in sorted(mistakes, key=lambda one: list(WRONG).index(one.kind)):
        how = one.reason if one.kind == "unanswered" else f"{one.clause}, citing {one.cited or 'no clause'}"
        alike.setdefault(f"{how}, {WRONG[one.kind]}", []).append(one.id)
    for how, ids in alike.items():
        click.echo(f"    {len(ids):,} × {how}: {_listed(ids)}")


def spent(bill: Bill) -> str:
    """Requests and US dollars in words; what is usual, no failure and no repetition, is left out."""
    how = []
    if bill.samples:
        how.append(f"{bill.samples:,} repeated for a probability")
    if bill.again:
        how.append(f"{bill.again:,} sent again")
    if failed := bill.requests - bill.answered:
        how.append(f"{failed:,} failed")
    told = f" ({', '.join(how)})" if how else ""
    return f"{counted(bill.requests, 'request')}{told}, {bill.money:,.4f} US dollars"


def _listed(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - IDS_SHOWN:,} more (--json has all)" if len(ids) > IDS_SHOWN else ""
    return ", ".join(ids[:IDS_SHOWN]) + more


def _show_injections(found: Evaluation) -> None:
    import polars as pl

    from tidegate.cli import show
    from tidegate.measure.agreement import share

    tried = [one for one in found.injections or () if one.tried]
    rows = []
    for language in dict.fromkeys(one.way.language for one in tried):
        for wants in ("pass", "stop"):
            chosen = [one for one in tried if one.way.language == language and one.way.wants == wants]
            posts, flipped = sum(one.tried for one in chosen), sum(one.flipped for one in chosen)
            rate = share(flipped, posts)
            unanswered = sum(one.no_verdict for one in chosen)
            rows.append(
                (language, wants, len(chosen), posts, flipped, unanswered, rate.estimate, rate.low, rate.high)
            )
    columns = ["language", "wants", "ways", "posts", "flipped", "no verdict", "flip rate", "low", "high"]
    show.frame(pl.DataFrame(rows, schema=columns, orient="row"), "Items that give orders")
    if not tried:
        click.echo("  No golden case was judged rightly without orders, so none could be turned.")


def _rounded(value: float) -> float | None:
    """NaN, which says that there is no such figure, is shown as none."""
    return None if math.isnan(value) else round(value, 3)


def signed(value: float) -> str:
    """A difference of shares in points, with its sign."""
    return f"{100 * value:+.1f} points"
