"""Items from files and standard input: whole ones in batches, broken ones to the rejects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from tidegate.errors import InputError, Where
from tidegate.tables import ITEMS, TRUTH
from tidegate.warehouse.batch import Batch
from tidegate.warehouse.columns import ALIASES, ROW_NUMBER, missing
from tidegate.warehouse.formats import open_reader
from tidegate.warehouse.items import LongestText, to_items
from tidegate.warehouse.rejects import Reject, RejectWriter
from tidegate.warehouse.rows import MAX_FIELD_BYTES, Problem, Reader, Rows
from tidegate.warehouse.seen import SeenIds
from tidegate.warehouse.sources import STDIN, Source, identify
from tidegate.warehouse.truth import TruthExpressions, TruthReader, columns_read


def read_items(
    sources: Path | str | Sequence[Path | str],
    *,
    rejects: RejectWriter,
    columns: Mapping[str, str] | None = None,
    format: str | None = None,
    batch_rows: int = 20_000,
    truth: str | None = None,
    truth_policy: str | None = None,
    max_field_bytes: int = MAX_FIELD_BYTES,
    longest_text: LongestText | None = None,
) -> Iterator[Batch]:
    """The items of CSV, JSON Lines and Parquet files, or of standard input ("-"), in batches.

    Every source is opened and checked before the first batch. Rows that cannot be used go to `rejects`;
    where all do, one empty batch is given. The same input makes the same batches every time.

    Args:
        sources: one or several; an id must be unique across all of them.
        rejects: takes the rows that cannot be used.
        columns: our column → the file's. `{"id": "row_number"}` numbers the rows; "" leaves a column unread.
        format: csv, jsonl or parquet, where neither name nor content tells.
        batch_rows: rows in a batch; fewer where rows are large.
        truth: SQL over the file's columns that says whether a row violates.
        truth_policy: SQL over the file's columns that gives the policy it violates, or null.
        max_field_bytes: a row with a longer field is rejected.
        longest_text: a row with a longer text or context is rejected; None for no such limit.

    Raises:
        InputError: a source cannot be read at all, a column is missing, or an expression does not hold.
            Nothing has been given or rejected then, unless a file turns out to be damaged midway.
    """
    asked = _Asked(
        columns or {}, _expressions(truth, truth_policy), batch_rows, max_field_bytes, longest_text
    )
    given = [sources] if isinstance(sources, (str, Path)) else list(sources)
    readers = _check(given, format, asked)
    total = sum(source.size or 0 for source in readers) if all(s.size for s in readers) else None
    seen = SeenIds()
    rows_read = bytes_read = batches = 0
    for source, reader in readers.items():
        with closing(reader or asked.open(source)) as reader:
            plan = asked.plan(reader)
            for rows in reader.rows(plan.typed):
                share = (bytes_read + (rows.share or 0) * (source.size or 0)) / total if total else None
                batch = _batch(_numbered(rows, plan, rows_read), plan, seen, source, rejects, asked)
                rows_read += len(rows.numbers)
                if len(batch.items):
                    batches += 1
                    yield replace(batch, rows_read=rows_read, share_read=share)
        bytes_read += source.size or 0
    if not rows_read:
        raise InputError(
            "there are no rows", where=Where(next(iter(readers)).name), remedy="Check how it was exported."
        )
    if not batches:
        nothing = TRUTH.empty() if truth else None
        yield Batch(ITEMS.empty(), nothing, rows_read, 1.0 if total else None)


@dataclass(frozen=True)
class _Plan:
    """How one source is to be read: whether its rows are numbered, and what the truth reads."""

    number_rows: bool
    typed: Mapping[str, pl.DataType]
    truth: TruthReader | None


@dataclass(frozen=True)
class _Asked:
    """What the caller asked for, the same for every source."""

    columns: Mapping[str, str]
    truth: TruthExpressions | None
    batch_rows: int
    max_field_bytes: int
    longest_text: LongestText | None

    def open(self, source: Source) -> Reader:
        return open_reader(
            source,
            ITEMS,
            aliases=ALIASES,
            columns=self.columns,
            batch_rows=self.batch_rows,
            max_field_bytes=self.max_field_bytes,
        )

    def plan(self, reader: Reader) -> _Plan:
        """Check that an item's columns are there, and bind the truth to the file's.

        Raises:
            InputError: a column is missing, or an expression does not hold.
        """
        names, wanted, file = reader.names, reader.wanted, reader.source.name
        number_rows = "id" not in wanted and self.columns.get("id") == ROW_NUMBER
        if "id" not in wanted and not number_rows:
            raise missing(
                "id",
                names,
                file,
                f"Say which one it is with --map id=COLUMN, or number the rows with --map id={ROW_NUMBER}.",
            )
        if "text" not in wanted and "media" not in wanted:
            raise missing("text", names, file, "Say which one it is with --map text=COLUMN, or media=COLUMN.")
        if self.truth is None:
            return _Plan(number_rows, {}, None)
        typed = reader.types(columns_read(self.truth, names))
        return _Plan(number_rows, typed, TruthReader(self.truth, typed, names, reader.source))


def _expressions(truth: str | None, policy: str | None) -> TruthExpressions | None:
    if truth is None and policy is not None:
        raise InputError(
            "truth_policy was given without truth",
            where=Where(field="truth_policy"),
            remedy="Say which rows violate, too: truth=CONDITION.",
        )
    return None if truth is None else TruthExpressions(truth, policy)


def _check(given: Sequence[Path | str], format: str | None, asked: _Asked) -> dict[Source, Reader | None]:
    """Open and plan every source once; only standard input, which cannot be opened again, stays open."""
    if not given:
        raise InputError("no input was named", remedy=f"Name a file, or {STDIN} for standard input.")
    readers: dict[Source, Reader | None] = {}
    for one in given:
        source = identify(one, format)
        if source in readers:
            raise InputError("this input was named twice", where=source.where, remedy="Name it once.")
        with ExitStack() as stack:
            reader = asked.open(source)
            stack.callback(reader.close)
            asked.plan(reader)
            stays = source.path is None
            readers[source] = reader if stays else None
            if stays:
                stack.pop_all()
    return readers


def _numbered(rows: Rows, plan: _Plan, before: int) -> Rows:
    """The rows with their numbers in the whole input as ids, where that was asked for."""
    if not plan.number_rows:
        return rows
    ids = pl.int_range(before + 1, before + 1 + len(rows.numbers), eager=True).alias("id")
    return replace(rows, columns=rows.columns.with_columns(ids))


def _batch(
    rows: Rows, plan: _Plan, seen: SeenIds, source: Source, rejects: RejectWriter, asked: _Asked
) -> Batch:
    """The whole items among the rows and their truth; the other rows are written to `rejects`."""
    items, problems = to_items(rows, seen, asked.max_field_bytes, asked.longest_text)
    for problem in problems:
        rejects.write(_reject(problem, rows, source))
    whole = ~pl.int_range(len(items), eager=True).is_in([problem.row for problem in problems])
    items = items.filter(whole)
    truth = None
    if plan.truth is not None and len(items):
        truth = plan.truth.read(rows.typed.filter(whole), items["id"], rows.numbers)
    return Batch(items, truth, rows_read=len(rows.numbers), share_read=None)


def _reject(problem: Problem, rows: Rows, source: Source) -> Reject:
    number = rows.numbers[problem.row]
    columnar = source.format == "parquet"
    return Reject(
        file=source.name,
        line=None if columnar else number,
        row=number if columnar else None,
        field=problem.field,
        problem=problem.what,
        remedy=problem.remedy,
        raw=rows.raw(problem.row),
    )
