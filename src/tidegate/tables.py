"""The column schemas that every room speaks: items, signals, decisions, labels, truth.

Frames are Polars frames with these columns. This module knows no room; it says what a column is called,
what it holds, in which unit, and whether it may be empty. `docs/tables.md` is held to it by a test.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import polars as pl
from polars.datatypes import DataTypeClass

Dtype = pl.DataType | DataTypeClass


@dataclass(frozen=True)
class Column:
    """One column: its name, Polars type, meaning, unit and whether it may be null."""

    name: str
    dtype: Dtype
    doc: str
    unit: str | None = None
    nullable: bool = True


@dataclass(frozen=True)
class Table:
    """A named, ordered set of columns."""

    name: str
    doc: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def schema(self) -> dict[str, Dtype]:
        return {column.name: column.dtype for column in self.columns}

    def __getitem__(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)

    def empty(self) -> pl.DataFrame:
        return pl.DataFrame(schema=self.schema)


KINDS = ("text", "image", "video", "query")
"""What an item can be. A query is what somebody typed into a search box."""
WRITTEN = ("text", "query")
"""The kinds of item that are nothing without text or media."""

TIMESTAMP = pl.Datetime("us", "UTC")

ITEMS = Table(
    "items",
    "What people posted or searched for, one row each.",
    (
        Column("id", pl.String, "The platform's own identifier; unique within a run.", nullable=False),
        Column("kind", pl.String, "One of text, image, video, query. Missing means text.", nullable=False),
        Column("text", pl.String, "What was written: the post, the caption, the query."),
        Column("media", pl.String, "Path or address of the picture or clip."),
        Column("language", pl.String, "BCP 47 tag as the platform knows it, such as en or zh."),
        Column("market", pl.String, "Country or region where it was posted, such as US."),
        Column("surface", pl.String, "Where it appears: feed, comment, search, live, message."),
        Column("author_id", pl.String, "Who posted it; a pseudonym will do."),
        Column("created_at", TIMESTAMP, "When it was posted.", unit="UTC, microseconds"),
        Column("views", pl.Int64, "How often it was, or is expected to be, seen.", unit="views, ≥ 0"),
        Column("reports", pl.Int64, "How often people have reported it.", unit="reports, ≥ 0"),
        Column("context", pl.String, "What it answers or stands under, such as the parent comment."),
    ),
)


class SignalType(StrEnum):
    NUMBER = "number"
    TEXT = "text"
    BOOLEAN = "boolean"

    @property
    def dtype(self) -> Dtype:
        return {"number": pl.Float64, "text": pl.String, "boolean": pl.Boolean}[self.value]


class SignalStatus(StrEnum):
    """How a detector fared on an item.

    A null value with `computed` means that it ran and found nothing; with `not_applicable`, that it does not
    read this kind of item. Both are known. `skipped` and `failed` are not known, which is something else than
    null.
    """

    COMPUTED = "computed"
    NOT_APPLICABLE = "not_applicable"
    SKIPPED = "skipped"
    FAILED = "failed"


KNOWN = (SignalStatus.COMPUTED, SignalStatus.NOT_APPLICABLE)
STATUS_FIELD = "status"
FAILURE_FIELD = "failure"
RESERVED_FIELDS = (STATUS_FIELD, FAILURE_FIELD)
"""The columns `<detector>.status` and `<detector>.failure` say how the detector fared, so no signal may take
these."""


@dataclass(frozen=True)
class SignalField:
    """One value that a detector gives.

    `harm` names the harm area whose probability or presence this field speaks for (see
    `tidegate.policy.harms`), and `threshold` the value from which it says "violates"; both are None for
    fields that do not judge.
    """

    name: str
    type: SignalType
    doc: str
    unit: str | None = None
    harm: str | None = None
    threshold: float | None = None


@dataclass(frozen=True)
class DetectorSpec:
    """What the other rooms may know of a detector: its fields, version, cost, and which kinds it reads.

    `cost_ms` and `cost_money` are declared, per item: milliseconds of one core, and US dollars. `paid` names
    the field that says what an item really cost, in US dollars; None where the declared price is paid.
    """

    name: str
    version: str
    fields: tuple[SignalField, ...]
    cost_ms: float
    cost_money: float = 0.0
    kinds: frozenset[str] = frozenset(KINDS)
    paid: str | None = None

    @property
    def status_column(self) -> str:
        return f"{self.name}.{STATUS_FIELD}"

    @property
    def failure_column(self) -> str:
        return f"{self.name}.{FAILURE_FIELD}"

    def column(self, field_name: str) -> str:
        return f"{self.name}.{field_name}"

    @property
    def schema(self) -> dict[str, Dtype]:
        """The signal columns of this detector, then its status and failure."""
        columns: dict[str, Dtype] = {self.column(f.name): f.type.dtype for f in self.fields}
        return columns | {self.status_column: pl.String, self.failure_column: pl.String}


@dataclass(frozen=True)
class Catalog:
    """The detectors that are at hand, by name. Strategies are checked against it and know nothing else."""

    detectors: Mapping[str, DetectorSpec] = field(default_factory=dict)

    @classmethod
    def of(cls, *specs: DetectorSpec) -> Catalog:
        return cls({spec.name: spec for spec in specs})

    @property
    def signals(self) -> dict[str, SignalField]:
        """Every signal by its full name, `detector.field`."""
        return {spec.column(f.name): f for spec in self.detectors.values() for f in spec.fields}


ITEM_SIGNALS = DetectorSpec(
    name="item",
    version="1",
    fields=(
        SignalField("kind", SignalType.TEXT, "What the item is: text, image, video, query."),
        SignalField("language", SignalType.TEXT, "The language that the platform states."),
        SignalField("market", SignalType.TEXT, "Country or region where it was posted."),
        SignalField("surface", SignalType.TEXT, "Where it appears."),
        SignalField("author_id", SignalType.TEXT, "Who posted it."),
        SignalField("views", SignalType.NUMBER, "How often it was, or is expected to be, seen.", "views"),
        SignalField("reports", SignalType.NUMBER, "How often people have reported it.", "reports"),
    ),
    cost_ms=0.0,
)
"""The item's own columns as signals; always there, at no cost."""


def signals_table(catalog: Catalog) -> Table:
    """The signals table of a catalog: `item_id`, then each detector's fields, status and failure.

    The item's own signals are not among them: the items table holds them.
    """
    columns = [Column("item_id", pl.String, "The item.", nullable=False)]
    for spec in catalog.detectors.values():
        if spec.name == ITEM_SIGNALS.name:
            continue
        columns += [Column(spec.column(f.name), f.type.dtype, f.doc, f.unit) for f in spec.fields]
        statuses = "computed, not_applicable, skipped or failed."
        columns.append(Column(spec.status_column, pl.String, statuses, nullable=False))
        columns.append(Column(spec.failure_column, pl.String, "Why it failed, where it did."))
    return Table("signals", "What the detectors said, one row per item.", tuple(columns))


DECISIONS = Table(
    "decisions",
    "What was decided, one row per item, with all that is needed to replay it.",
    (
        Column("item_id", pl.String, "The item.", nullable=False),
        Column("strategy", pl.String, "Name of the strategy.", nullable=False),
        Column(
            "strategy_version", pl.String, "Its version, then @ and 12 digits of its hash.", nullable=False
        ),
        Column("arm", pl.String, "The launch arm that decided.", nullable=False),
        Column("action", pl.String, "The step of the action ladder that was taken.", nullable=False),
        Column("rule", pl.String, "The rule that decided; null when a detector failed first."),
        Column("policy", pl.String, "The written policy that the rule enforces."),
        Column("queue", pl.String, "The review queue, where the action is review."),
        Column("escalate", pl.String, "The escalation path, where the rule names one."),
        Column("reason", pl.String, "rule, or detector_failed: and the detectors.", nullable=False),
        Column(
            "failure",
            pl.String,
            "What the failed detectors reported, as a JSON object; null where none failed.",
        ),
        Column("values", pl.String, "Every value that was read, as a JSON object.", nullable=False),
        Column("detectors", pl.String, "Detector versions as a JSON object.", nullable=False),
        Column("cost_ms", pl.Float64, "Declared cost of the signals computed.", unit="ms", nullable=False),
        Column(
            "cost_money",
            pl.Float64,
            "Price of the signals computed: what was paid where a detector says so, else as declared.",
            unit="US dollars",
            nullable=False,
        ),
        Column("audit_probability", pl.Float64, "Chance of being audited.", unit="0 < p ≤ 1", nullable=False),
        Column("audited", pl.Boolean, "Whether the item was drawn for the audit sample.", nullable=False),
    ),
)

LABELS = Table(
    "labels",
    "What people found, one row per item and policy looked at.",
    (
        Column("item_id", pl.String, "The item.", nullable=False),
        Column(
            "violates", pl.Boolean, "Whether it violates (the policy, where one is named).", nullable=False
        ),
        Column("policy", pl.String, "The policy it violates; null for any."),
        Column("labeller", pl.String, "Who said so; a pseudonym will do."),
        Column("labelled_at", TIMESTAMP, "When it was said.", unit="UTC, microseconds"),
    ),
)

TRUTH = Table(
    "truth",
    "Known truth, where the input carries it (--truth).",
    (
        Column("item_id", pl.String, "The item.", nullable=False),
        Column("violates", pl.Boolean, "Whether it violates; null where the input does not say."),
        Column("policy", pl.String, "The policy it violates, where the input says."),
    ),
)

TABLES = (ITEMS, DECISIONS, LABELS, TRUTH)
