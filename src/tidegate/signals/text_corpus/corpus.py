"""The training corpus: published sets mapped to harms by the recipe, and our own sentences, in one frame.

Columns: set, language, text (as the models read it), one nullable boolean per harm (null: the set does not
say), phenomenon (of our own texts: what makes them easy or hard), weight, split. Texts of the phenomena that
the recipe holds back are in the split `held`, which neither training nor calibration sees.
"""

from __future__ import annotations

import hashlib
import random
import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from tidegate.errors import SignalError, Where
from tidegate.names import nearest
from tidegate.policy.harms import HARM_KEYS
from tidegate.signals.prepare import prepared

HERE = Path(__file__).parent
RECIPE = HERE / "recipe.toml"
AUTHORED = HERE / "authored"
LICENCES = frozenset({"MIT", "CC0-1.0", "CC-BY-4.0", "Apache-2.0"})
"""The licences under which weights trained on a set may be shipped with this package."""

OURS = pl.col("set").str.contains("^(authored|written) ")
"""Which texts of the corpus are our own, as opposed to those of published sets."""

SPLITS = ("train", "tune", "test")
HELD = "held"
ALTERNATIVES = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True)
class Source:
    """Where a part of the corpus comes from, for the model card."""

    set: str
    source: str
    licence: str
    rows: int
    sha256: str


def load_recipe(path: Path) -> dict[str, Any]:
    """The recipe, checked for licences and harm names.

    Raises:
        SignalError: not TOML, a licence that does not allow shipping the weights, or an unknown harm.
    """
    try:
        recipe = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SignalError(
            f"the recipe cannot be read: {error}", where=Where(path), remedy="Mend the file, or name another."
        ) from error
    for name, entry in recipe.get("set", {}).items():
        if entry["licence"] not in LICENCES:
            raise SignalError(
                f"the set '{name}' is under {entry['licence']}, so its weights may not be shipped",
                where=Where(path, field=f"set.{name}.licence"),
                remedy=f"Leave the set out; allowed are {', '.join(sorted(LICENCES))}.",
            )
        for harm in (*entry["label"], *entry["absent"]):
            if harm not in HARM_KEYS:
                raise SignalError(
                    f"unknown harm '{harm}'",
                    where=Where(path, field=f"set.{name}"),
                    remedy=f"{nearest(harm, HARM_KEYS)}Harms are {', '.join(HARM_KEYS)}.",
                )
    return recipe


def load_corpus(recipe: Mapping[str, Any], data: Path) -> tuple[pl.DataFrame, list[Source]]:
    """Every set of the recipe and every authored file, split and weighted.

    Raises:
        SignalError: a set's file is missing from `data`, or an authored line is not one.
    """
    frames, sources = [], []
    for name, entry in recipe["set"].items():
        path = data / entry["file"]
        if not path.is_file():
            raise SignalError(
                f"the set '{name}' is not there",
                where=Where(path),
                remedy=f"Put {entry['file']} into the data folder, or take the set out of the recipe.",
            )
        frame = published_frame(name, entry, path)
        frames.append(frame.with_columns(weight=pl.lit(len(frame) ** -0.5)))
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        sources.append(Source(name, entry["source"], entry["licence"], len(frame), digest))
    authored = recipe["authored"]
    for path in sorted(AUTHORED.glob("*.txt")):
        frame = authored_frame(path, authored["per_template"])
        frames.append(frame.with_columns(weight=pl.lit(authored["weight"] * len(frame) ** -0.5)))
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        sources.append(Source(frame["set"][0], "Tidegate", authored["licence"], len(frame), digest))
    for path in sorted(AUTHORED.glob("*.tsv")):
        frame = written_frame(path, recipe["written"]["held_back"])
        frames.append(frame.with_columns(weight=pl.lit(recipe["written"]["weight"] * len(frame) ** -0.5)))
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        sources.append(Source(frame["set"][0], "Tidegate", authored["licence"], len(frame), digest))
    return pl.concat(frames), sources


def published_frame(name: str, entry: Mapping[str, Any], path: Path) -> pl.DataFrame:
    labels = dict.fromkeys(entry["absent"], "false") | dict(entry["label"])
    columns = ", ".join(f"({labels.get(harm, 'null')})::boolean as {harm}" for harm in HARM_KEYS)
    text = entry.get("text", "text")
    query = (
        f"select lang as language, {text} as text, {columns} from read_parquet(?) where {text} is not null"
    )
    with duckdb.connect() as connection:
        frame = pl.DataFrame(connection.sql(query, params=[str(path)]).to_arrow_table())
    return _split(frame.with_columns(set=pl.lit(name)), key=None)


def authored_frame(path: Path, per_template: int) -> pl.DataFrame:
    """One authored file, `<harm>.<language>.txt` or `ordinary.<language>.txt`, with its templates filled
    in."""
    subject, language = path.name.removesuffix(".txt").rsplit(".", 1)
    rows = []
    for template, harmful, unsure in authored_lines(path):
        for text in variants(template, per_template):
            labels: dict[str, bool | None] = dict.fromkeys(HARM_KEYS, False)
            if harmful:
                labels |= dict.fromkeys(unsure)
                labels[subject] = True
            rows.append({"language": language, "text": text, "template": template, **labels})
    schema = {
        "language": pl.String,
        "text": pl.String,
        "template": pl.String,
        **dict.fromkeys(HARM_KEYS, pl.Boolean),
    }
    frame = pl.DataFrame(rows, schema=schema).with_columns(set=pl.lit(f"authored {subject} {language}"))
    # By template: variants of one sentence on both sides of a split would flatter the model.
    return _split(frame, key="template")


def authored_lines(path: Path) -> Iterator[tuple[str, bool, tuple[str, ...]]]:
    """Template, whether it is harmful, and the harms that harmful ones of this file may also show."""
    unsure: tuple[str, ...] = ()
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if line.startswith("# may also show:"):
            unsure = tuple(harm.strip() for harm in line.partition(":")[2].split(","))
        elif line.startswith(("+ ", "- ")):
            yield line[2:], line[0] == "+", unsure
        elif line and not line.startswith("#"):
            raise SignalError(
                "a line starts with '+ ' (harmful), '- ' (harmless) or '#'",
                where=Where(path, line=number),
                remedy="Put the sign in front of the sentence.",
            )


def written_frame(path: Path, held_back: Collection[str]) -> pl.DataFrame:
    """One file of whole texts, `<topic>.<language>.tsv`: lines `harms<TAB>text` under headings
    `# phenomenon`.

    Harms are a comma list of keys, or `-` for none; one with a `?` before it may be seen either way, and is
    null.

    Raises:
        SignalError: a line that is none of these.
    """
    topic, language = path.name.removesuffix(".tsv").rsplit(".", 1)
    rows: list[dict[str, object]] = []
    phenomenon: str | None = None
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if line.startswith("#"):
            phenomenon = line[1:].strip()
        elif line:
            harms, tab, text = line.partition("\t")
            labels = _written_labels(harms)
            if not tab or not text.strip() or phenomenon is None or labels is None:
                raise SignalError(
                    "a line is harms, a tab and a text, under a heading with its phenomenon",
                    where=Where(path, line=number),
                    remedy=f"Write - or a comma list of {', '.join(HARM_KEYS)}, a tab, and the text.",
                )
            rows.append({"language": language, "text": text, "phenomenon": phenomenon, **labels})
    schema = {"language": pl.String, "text": pl.String, "phenomenon": pl.String}
    frame = pl.DataFrame(rows, schema={**schema, **dict.fromkeys(HARM_KEYS, pl.Boolean)})
    frame = _split(frame.with_columns(set=pl.lit(f"written {topic} {language}")), key=None)
    held = pl.col("phenomenon").is_in(list(held_back))
    return frame.with_columns(split=pl.when(held).then(pl.lit(HELD)).otherwise("split"))


def _written_labels(harms: str) -> dict[str, bool | None] | None:
    labels: dict[str, bool | None] = dict.fromkeys(HARM_KEYS, False)
    for harm in [] if harms.strip() == "-" else harms.split(","):
        key = harm.strip().removeprefix("?")
        if key not in labels:
            return None
        labels[key] = None if harm.strip().startswith("?") else True
    return labels


def variants(template: str, at_most: int) -> list[str]:
    """Different ways to fill in `{this|that}`, chosen by the template itself."""
    chance = random.Random(template)
    found: dict[str, None] = {}
    for _ in range(at_most * 3):
        text = ALTERNATIVES.sub(lambda match: chance.choice(match.group(1).split("|")), template)
        found[text] = None
        if len(found) == at_most:
            break
    return list(found)


def _split(frame: pl.DataFrame, key: str | None) -> pl.DataFrame:
    """80 / 10 / 10 by a hash of the text as the model reads it, so that a text is on one side only."""
    texts = [" ".join(text.split()) for text in prepared(frame["text"].to_list())]
    keys = texts if key is None else frame[key].to_list()
    tenths = [int.from_bytes(hashlib.blake2b(k.encode(), digest_size=8).digest()) % 10 for k in keys]
    split = [SPLITS[0] if tenth < 8 else SPLITS[tenth - 7] for tenth in tenths]
    frame = frame.with_columns(
        text=pl.Series(texts, dtype=pl.String), split=pl.Series(split, dtype=pl.String)
    )
    if "phenomenon" not in frame.columns:
        frame = frame.with_columns(phenomenon=pl.lit(None, pl.String))
    return frame.select("set", "language", "text", *HARM_KEYS, "phenomenon", "split")
