"""What a reader must know beside a figure: too few labels, labels left out, harm that cannot be inferred."""

from __future__ import annotations

from collections.abc import Iterator

from tidegate.measure.figures import MEASURES, POLICY, Figure, is_simple
from tidegate.measure.parts import totals
from tidegate.measure.population import WEIGHTS
from tidegate.names import counted

FEW_LABELS = 30


def left_out(items: int) -> str | None:
    if not items:
        return None
    return f"labels of {counted(items, 'item')} were left out: not in the audit sample"


def of(figure: Figure, views_missing: int, general: str | None) -> str | None:
    """All that is to be said of one figure, or None. `general` is said once, with the first figure."""
    return "; ".join(_notes(figure, views_missing, general)) or None


def _notes(figure: Figure, views_missing: int, general: str | None) -> Iterator[str]:
    if not figure.parts:
        if figure.slice == POLICY and figure.measure.startswith("leakage"):
            yield "no label names this policy, so what leaks of it cannot be known"
        else:
            yield "no items"
        return
    cells = [part.cell for part in figure.parts]
    labels, audited = sum(cell.labels for cell in cells), sum(cell.audited for cell in cells)
    weight = sum(cell.weight for cell in cells)
    if weight == 0:
        yield "no views were recorded"
    elif not labels:
        yield "no labels: nothing can be said"
    elif not any(part.cell.found[y] for part in figure.parts for y in (0, 1) if part.counts[y][1]):
        yield "no labelled item of the kind that this measure is a share of"
    elif not totals(figure.parts)[1] > 0:
        yield (
            "nothing can be said: the labelled items of the other kind stand for more than there is, having "
            "had so small a chance; label more, or with chances that differ less"
        )
    elif labels < FEW_LABELS and labels < sum(cell.items for cell in cells):
        yield f"only {counted(labels, 'label')}: read the interval, not the estimate"
    if 0 < labels < audited:
        yield f"{labels:,} of {audited:,} drawn items are labelled; the rest are taken as missing at random"
    either = sum(cell.either for cell in cells)
    if labels and weight and either >= 0.01 * weight and not is_simple(figure):
        yield (
            f"{either / weight:.0%} of the {figure.weight}s lie in items too heavy for their audit chance, "
            f"so either label is allowed for; audit in proportion to {figure.weight}s to narrow this"
        )
    if figure.tied:
        yield f"set aside: {counted(figure.tied, 'item')} with as many yes as no; have them adjudicated"
    if figure.weight == "view" and views_missing and figure.slice is None:
        yield f"{counted(views_missing, 'item')} without views, counted as 0"
    if general and (figure.slice, figure.measure, figure.weight) == (None, MEASURES[0], WEIGHTS[0]):
        yield general
