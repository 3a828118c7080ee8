"""Which column of a file is which of ours: by name, by a common other name, or by the caller's word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tidegate.errors import InputError, Where
from tidegate.names import nearest, quoted
from tidegate.tables import Table

ALIASES: Mapping[str, tuple[str, ...]] = {
    "id": ("item_id", "post_id", "comment_id", "message_id", "content_id", "tweet_id"),
    "kind": ("item_kind", "item_type"),
    "text": (
        "body",
        "content",
        "comment",
        "comment_text",
        "message",
        "post",
        "post_text",
        "tweet",
        "caption",
    ),
    "media": ("media_url", "media_path", "image_url", "video_url"),
    "language": ("lang", "language_code"),
    "market": ("country", "country_code"),
    "surface": ("placement", "channel"),
    "author_id": ("author", "user_id", "user", "account_id", "creator_id"),
    "created_at": ("created", "timestamp", "created_time", "posted_at", "published_at", "datetime", "date"),
    "views": ("view_count", "views_count", "impressions", "play_count"),
    "reports": ("report_count", "user_reports", "flags"),
    "context": ("parent_text", "parent_comment", "reply_to_text"),
}
"""Other names under which a column of items is found. Names that data sets use for labels are left out."""

LABEL_ALIASES: Mapping[str, tuple[str, ...]] = {
    "item_id": ("id", *ALIASES["id"][1:]),
    "violates": ("violation", "is_violation", "violating"),
    "policy": ("policy_id",),
    "labeller": ("labeler", "annotator", "rater", "reviewer"),
    "labelled_at": ("labeled_at",),
}

ROW_NUMBER = "row_number"
"""`columns={"id": "row_number"}` numbers the rows of a file that has no ids."""


def resolve(
    names: Sequence[str],
    settled: Mapping[str, str],
    *,
    table: Table,
    columns: Mapping[str, str],
    aliases: Mapping[str, tuple[str, ...]],
    file: str,
) -> dict[str, str]:
    """Our column → the file's column, for every column of `table` that is among the file's `names`.

    What is `settled` stays. `columns` goes before names and aliases; an empty string in it leaves our
    column unread. Capitals do not count.

    Raises:
        InputError: `columns` names a column that is not ours or not in the file, or two columns could be
        ours.
    """
    for ours in columns:
        if ours not in table.names:
            raise InputError(
                f"there is no column '{ours}' to map to",
                where=Where(field=ours),
                remedy=f"{nearest(ours, table.names)}Columns of {table.name} are {', '.join(table.names)}.",
            )
    found = dict(settled)
    for ours in [name for name in table.names if name not in settled]:
        theirs = columns[ours] if ours in columns else _by_name(ours, names, aliases, file)
        if not theirs or (ours == "id" and theirs == ROW_NUMBER and theirs not in names):
            continue
        if theirs not in names:
            turned = ours in names and theirs in table.names
            said = f"Ours comes first: {theirs}={ours}." if turned else f"Say which one it is: {ours}=COLUMN."
            raise missing(theirs, names, file, said)
        found[ours] = theirs
    return found


def missing(name: str, names: Sequence[str], file: str, remedy: str) -> InputError:
    """The error for a column that a file does not have."""
    listed = ", ".join(name if name.isprintable() else quoted(name) for name in names) or "none"
    return InputError(
        f"there is no column '{name}'",
        where=Where(file, field=name),
        remedy=f"{nearest(name, names)}The file's columns are {listed}. {remedy}",
    )


def _by_name(
    ours: str, names: Sequence[str], aliases: Mapping[str, tuple[str, ...]], file: str
) -> str | None:
    plain = {name: name.strip().casefold() for name in names}
    exact = [name for name in names if plain[name] == ours]
    candidates = exact or [name for name in names if plain[name] in aliases.get(ours, ())]
    if len(candidates) > 1:
        raise InputError(
            f"more than one column could be '{ours}': {', '.join(candidates)}",
            where=Where(file, field=ours),
            remedy=f"Say which one it is: {ours}={candidates[0]}.",
        )
    return candidates[0] if candidates else None
