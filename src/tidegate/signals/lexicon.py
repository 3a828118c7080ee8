"""The detector `lexicon`: terms of the user's own lists, found in normalised text.

A term matches as a whole word where its script separates words by spaces, and anywhere where it does not
(Chinese, Japanese, Thai …). Matching is by an automaton over all terms at once in Polars, so that thousands
of terms cost little more than one.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import polars as pl

from tidegate.errors import SignalError, Where
from tidegate.names import nearest
from tidegate.policy.harms import HARM_KEYS
from tidegate.signals.detector import Example
from tidegate.signals.normalise import normalise, normalise_all
from tidegate.tables import DetectorSpec, SignalField, SignalType

COLUMNS = ("term", "harm", "severity")
SEVERITIES = (1, 5)
UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
"""Scripts written without spaces between words."""

_HELD = re.compile(r"([^\W\d_])\1{2,}")


@dataclass(frozen=True)
class Term:
    """A term as it is matched (normalised, lower case), its harm area if any, and its severity, 1 to 5."""

    text: str
    harm: str | None = None
    severity: int = 1


EXAMPLE_TERMS = (Term("snake oil", None, 2), Term("blorp", "harassment", 3), Term("加微信", None, 1))
"""What the examples are matched against."""

EXAMPLES = (
    Example(
        "Some b l o r p, another blorp!", {"hits": 2, "terms": 1, "severity": 3, "harm": "harassment"}, 0
    ),
    Example("Blorpington is a lovely village.", {"hits": 0, "terms": 0, "severity": None, "harm": None}, 0),
    Example("有兴趣的加*微*信聊", {"hits": 1, "terms": 1, "severity": 1, "harm": None}, 0),
)


@dataclass(frozen=True)
class LexiconDetector:
    """Counts the terms found; severity and harm are those of the gravest term. Null where no text is."""

    terms: tuple[Term, ...]
    name: str = "lexicon"

    @property
    def spec(self) -> DetectorSpec:
        return DetectorSpec(
            name=self.name,
            version=self._version,
            fields=(
                SignalField("hits", SignalType.NUMBER, "How often terms of the lists occur.", "occurrences"),
                SignalField("terms", SignalType.NUMBER, "How many different terms occur.", "terms"),
                SignalField("severity", SignalType.NUMBER, "Severity of the gravest term found.", "1 to 5"),
                SignalField("harm", SignalType.TEXT, "Harm area of the gravest term found that names one."),
            ),
            cost_ms=0.02,
        )

    @property
    def examples(self) -> Sequence[Example]:
        return EXAMPLES

    @cached_property
    def _version(self) -> str:
        return hashlib.sha256(repr(self.terms).encode()).hexdigest()[:12]

    @cached_property
    def _patterns(self) -> pl.DataFrame:
        """One row per pattern; of equal patterns the gravest term stands."""
        graver_first = sorted(self.terms, key=lambda term: (-term.severity, term.harm is None))
        return pl.DataFrame(
            {
                "pattern": searchable([term.text for term in graver_first]),
                "severity": [float(term.severity) for term in graver_first],
                "harm": pl.Series([term.harm for term in graver_first], dtype=pl.String),
            }
        ).unique("pattern", keep="first", maintain_order=True)

    def detect(self, items: pl.DataFrame) -> pl.DataFrame:
        patterns = self._patterns
        texts = searchable(items["text"].fill_null("").to_list(), stretched=True)
        found = (
            pl.DataFrame({"row": range(len(texts)), "text": texts}, schema_overrides={"row": pl.UInt32})
            .select(
                "row",
                pattern=pl.col("text").str.extract_many(
                    pl.lit(patterns["pattern"]).implode(), overlapping=True
                ),
            )
            .explode("pattern", empty_as_null=False)
            .join(patterns, on="pattern", maintain_order="left")
            .group_by("row")
            .agg(
                pl.len().cast(pl.Float64).alias("hits"),
                pl.col("pattern").n_unique().cast(pl.Float64).alias("terms"),
                pl.col("severity").max(),
                pl.col("harm").sort_by("severity", descending=True).drop_nulls().first(),
            )
        )
        return (
            pl.DataFrame({"row": range(len(texts))}, schema={"row": pl.UInt32})
            .join(found, on="row", how="left", maintain_order="left")
            .with_columns(pl.col("hits", "terms").fill_null(0))
            .select(
                pl.when(items["text"].is_not_null()).then(pl.col(f.name)).alias(f"{self.name}.{f.name}")
                for f in self.spec.fields
            )
        )


def searchable(texts: Sequence[str], *, stretched: bool = False) -> list[str]:
    """Texts in the form in which terms are looked for: normalised, lower case, every word between two spaces.

    Characters of unspaced scripts stay together and get no space of their own, so that a term of theirs
    matches anywhere. With `stretched`, words with a letter held down are added once more with that letter
    once: normalisation leaves two of it, and only a list of words can tell which is right.
    """
    prepared = [_with_shortened(text) for text in texts] if stretched else texts
    spaced = (
        pl.Series(normalise_all(list(prepared)), dtype=pl.String)
        .str.to_lowercase()
        .str.replace_all(rf"([^{UNSPACED}\p{{P}}\p{{S}}\s\x01]+|[\p{{S}}\x01])", " $1 ")
        .str.replace_all(r"[\p{P}\s]+", " ")
    )
    return spaced.to_list()


def _with_shortened(text: str) -> str:
    if not _HELD.search(text):
        return text
    words = [word for word in text.split() if _HELD.search(word)]
    return "\x01".join([text, *(_HELD.sub(r"\1", word) for word in words)])


def load_lexicon(paths: Iterable[Path]) -> tuple[Term, ...]:
    """The terms of several lists: `.txt` with a term a line (# starts a comment), or `.csv` with a header of
    term and, where wanted, harm and severity.

    Raises:
        SignalError: a file that cannot be read, or a line that is no term, with file and line.
    """
    terms: dict[Term, None] = {}
    for path in paths:
        for term in _csv_terms(path) if path.suffix == ".csv" else _txt_terms(path):
            terms[term] = None
    return tuple(terms)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = "is not UTF-8" if isinstance(error, UnicodeDecodeError) else "cannot be read"
        raise SignalError(
            f"the list {reason}",
            where=Where(path),
            remedy="Save it as UTF-8, where the workspace can read it.",
        ) from error


def _txt_terms(path: Path) -> Iterable[Term]:
    for number, line in enumerate(_read(path).splitlines(), start=1):
        text = line.partition("#")[0] if line.lstrip().startswith("#") else line.partition(" #")[0]
        if text.strip():
            yield _term(text, None, 1, Where(path, line=number))


def _csv_terms(path: Path) -> Iterable[Term]:
    reader = csv.DictReader(io.StringIO(_read(path)))
    columns = reader.fieldnames or []
    for column in columns:
        if column not in COLUMNS:
            raise SignalError(
                f"unknown column '{column}'",
                where=Where(path, line=1),
                remedy=f"{nearest(column, COLUMNS)}Columns are {', '.join(COLUMNS)}.",
            )
    if "term" not in columns:
        raise SignalError(
            "there is no column 'term'", where=Where(path, line=1), remedy="Start with: term,harm,severity"
        )
    for row in reader:
        where = Where(path, line=reader.line_num)
        if row.get(None):
            raise SignalError("too many values", where=where, remedy='Put a term with a comma in "quotes".')
        yield _term(
            row["term"] or "", _harm(row.get("harm"), where), _severity(row.get("severity"), where), where
        )


def _term(text: str, harm: str | None, severity: int, where: Where) -> Term:
    # Held-down letters are the text's business, so a term is taken as it stands.
    if not searchable([text])[0].strip():
        raise SignalError("the term has no letter, digit or symbol", where=where, remedy="Delete the line.")
    return Term(normalise(text.strip()).lower(), harm, severity)


def _harm(value: str | None, where: Where) -> str | None:
    if value is None or not value.strip():
        return None
    if value.strip() not in HARM_KEYS:
        raise SignalError(
            f"unknown harm '{value}'",
            where=Where(where.file, where.line, "harm"),
            remedy=f"{nearest(value, HARM_KEYS)}Harms are {', '.join(HARM_KEYS)}; or leave it empty.",
        )
    return value.strip()


def _severity(value: str | None, where: Where) -> int:
    if value is None or not value.strip():
        return SEVERITIES[0]
    if not value.strip().isdecimal() or not SEVERITIES[0] <= int(value) <= SEVERITIES[1]:
        raise SignalError(
            f"'{value}' is no severity",
            where=Where(where.file, where.line, "severity"),
            remedy="Write a whole number from 1 (mild) to 5 (gravest).",
        )
    return int(value)
