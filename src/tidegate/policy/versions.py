"""Versions of a policy: texts kept by their hash, an append-only record of who kept them and why, and labels
that are moved from one to another.

`history/<id>.jsonl` holds one act a line, and `history/<12 digits>/<id>.md` the texts. Labels follow from the
acts: the last one that moved a label says where it points. Nothing is ever overwritten.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import orjson
from filelock import FileLock

from tidegate.errors import PolicyError, Where
from tidegate.names import nearest, quoted
from tidegate.policy.ladder import LADDER, Ladder
from tidegate.policy.load import load_policy
from tidegate.policy.model import VERSION_DIGITS, Policy

HISTORY = "history"
LABEL = re.compile(r"[a-z][a-z0-9-]{0,39}")
WORKING = "working"
"""Names the file as it stands, in place of a version."""

USUAL = ("production", "candidate")
"""Labels that any policy may have; another is made only where somebody says that it is new."""

DIGITS = re.compile(r"[0-9a-f]{4,64}")


@dataclass(frozen=True)
class Act:
    """One line of the record: a version kept (`message` says why), a label moved to it, or both."""

    at: str
    author: str
    version: str
    message: str | None = None
    label: str | None = None


def commit(
    folder: Path,
    policy_id: str,
    message: str,
    author: str,
    *,
    label: str | None = None,
    new: bool = False,
    ladder: Ladder = LADDER,
) -> Act:
    """Keep the policy's file as it stands, and move `label` to it if one is given; `new` as in `move`.

    Raises:
        PolicyError: the policy is not whole, nothing has changed since it was kept last, the message is
            empty, or the label cannot be one or is not known. Nothing is written then.
    """
    path = file_of(folder, policy_id)
    policy = load_policy(path, ladder)
    version = policy.version[:VERSION_DIGITS]
    if not message.strip():
        raise PolicyError(
            "a version needs a message",
            where=Where(path),
            remedy='Say why: -m "Testimony is no glorification".',
        )
    with _alone(folder):
        before = log(folder, policy_id)
        if label is not None:
            _check_label(label, path, labels(before), new=new)
        kept = [act for act in before if act.message is not None]
        if kept and kept[-1].version == version:
            raise PolicyError(
                f"nothing has changed since version {version}",
                where=Where(path),
                remedy=f"Move a label to it with `tidegate policy label {policy_id} {version} LABEL`.",
            )
        text = _text_path(folder, policy_id, version)
        text.parent.mkdir(parents=True, exist_ok=True)
        _write(text, path.read_bytes())
        act = Act(_now(), author, version, message.strip(), label)
        _append(folder, policy_id, act)
    return act


def move(
    folder: Path, policy_id: str, to: str, label: str, author: str, *, new: bool = False
) -> tuple[Act, str | None]:
    """Move a label to a version, named by its digits or by another label; gives also the version that it
    pointed to, None where it is new. A label that is neither usual nor there is made only if it is `new`.

    Raises:
        PolicyError: there is no such version, or the label cannot be one or is not known.
    """
    path = file_of(folder, policy_id)
    with _alone(folder):
        pointed = labels(log(folder, policy_id))
        _check_label(label, path, pointed, new=new)
        version = resolve(folder, policy_id, to)
        act = Act(_now(), author, version, label=label)
        _append(folder, policy_id, act)
    return act, pointed.get(label)


def log(folder: Path, policy_id: str) -> list[Act]:
    """Every act, oldest first.

    Raises:
        PolicyError: a line of the record is not whole.
    """
    path = folder / HISTORY / f"{policy_id}.jsonl"
    if not path.is_file():
        return []
    acts = []
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        try:
            acts.append(Act(**orjson.loads(line)))
        except (orjson.JSONDecodeError, TypeError) as error:
            raise PolicyError(
                "this line of the record is not whole",
                where=Where(path, number),
                remedy="Restore the file: it is only ever added to.",
            ) from error
    return acts


def labels(acts: Sequence[Act]) -> dict[str, str]:
    """Where each label points: version by label."""
    return {act.label: act.version for act in acts if act.label is not None}


def resolve(folder: Path, policy_id: str, name: str) -> str:
    """The 12 digits of the version that a label, or the first digits of a version, names.

    Raises:
        PolicyError: none, or more than one.
    """
    acts = log(folder, policy_id)
    pointed = labels(acts)
    if name in pointed:
        return pointed[name]
    versions = list(dict.fromkeys(act.version for act in acts))
    found = [
        version
        for version in versions
        if DIGITS.fullmatch(name) and version.startswith(name[:VERSION_DIGITS])
    ]
    if len(found) == 1:
        return found[0]
    where = Where(folder / HISTORY / f"{policy_id}.jsonl")
    if found:
        raise PolicyError(
            f"{quoted(name)} is the beginning of {len(found)} versions", where=where, remedy="Write more."
        )
    known = [*pointed, *versions]
    raise PolicyError(
        f"'{policy_id}' has no version or label {quoted(name)}",
        where=where,
        remedy=f"{nearest(name, known)}There are {', '.join(known)}."
        if known
        else f'Keep one with `tidegate policy commit {policy_id} -m "…" --label '
        f"{name if name in USUAL else USUAL[0]}`.",
    )


def at_label(folder: Path, policy_id: str, name: str, ladder: Ladder = LADDER) -> Policy:
    """The policy at a version, a label, or as it stands (`working`).

    Raises:
        PolicyError: there is no such version, or its text was changed since it was kept.
    """
    if name == WORKING:
        return load_policy(file_of(folder, policy_id), ladder)
    version = resolve(folder, policy_id, name)
    path = _text_path(folder, policy_id, version)
    policy = load_policy(path, ladder)
    if not policy.version.startswith(version):
        raise PolicyError(
            f"this text is not version {version} any more",
            where=Where(path),
            remedy="Restore the file: kept versions are never edited.",
        )
    return policy


def file_of(folder: Path, policy_id: str) -> Path:
    """The file of a policy.

    Raises:
        PolicyError: there is no such policy.
    """
    path = folder / f"{policy_id}.md"
    if not path.is_file():
        there = [one.stem for one in folder.glob("*.md")]
        raise PolicyError(
            f"there is no policy '{policy_id}'",
            where=Where(folder),
            remedy=f"{nearest(policy_id, there)}Policies are {', '.join(sorted(there)) or 'none'}.",
        )
    return path


def _check_label(label: str, path: Path, pointed: Mapping[str, str], *, new: bool) -> None:
    if not LABEL.fullmatch(label) or label == WORKING or DIGITS.fullmatch(label):
        raise PolicyError(
            f"{quoted(label)} cannot be a label",
            where=Where(path),
            remedy="Write a word in lower case that is no version, such as production or candidate; where a "
            "version is named too, it comes first.",
        )
    known = list(dict.fromkeys([*USUAL, *pointed]))
    if label not in known and not new:
        raise PolicyError(
            f"there is no label {quoted(label)}",
            where=Where(path),
            remedy=f"{nearest(label, known)}Labels are {', '.join(known)}; --new makes another.",
        )


def _text_path(folder: Path, policy_id: str, version: str) -> Path:
    return folder / HISTORY / version / f"{policy_id}.md"


def _alone(folder: Path) -> FileLock:
    (folder / HISTORY).mkdir(exist_ok=True)
    return FileLock(folder / HISTORY / ".lock")


def _append(folder: Path, policy_id: str, act: Act) -> None:
    line = orjson.dumps({key: value for key, value in asdict(act).items() if value is not None})
    with (folder / HISTORY / f"{policy_id}.jsonl").open("ab") as out:
        out.write(line + b"\n")
        out.flush()
        os.fsync(out.fileno())


def _write(path: Path, content: bytes) -> None:
    aside = path.with_name(path.name + ".tmp")
    aside.write_bytes(content)
    aside.replace(path)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
