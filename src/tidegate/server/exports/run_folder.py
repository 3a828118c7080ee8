"""The decisions of the service as a run folder, which every command of the engine reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.db import transaction

import tidegate
from tidegate.errors import RunError, Where
from tidegate.runs.audit import STREAMED
from tidegate.runs.bench import Bench, policy_ids
from tidegate.runs.folder import RunFolder
from tidegate.runs.gathering import gather
from tidegate.runs.moderate import spec_record
from tidegate.server.exports.choice import Choice, rows
from tidegate.server.exports.frames import gathered
from tidegate.server.launches.decider import load_version
from tidegate.server.ledger.actions import Act, append
from tidegate.server.zones.scope import within_zones
from tidegate.strategy import Strategy
from tidegate.tables import ITEM_SIGNALS, Catalog


def write_run(choice: Choice, out: Path, by: Sequence[str], *, actor: str) -> dict[str, Any]:
    """Write the run folder and record who took what out; returns its summary.

    Raises:
        RunError: nothing was decided there and then, or the folder is in use.
    """
    with within_zones([choice.zone]):
        return _write_run(choice, out, by, actor)


def _write_run(choice: Choice, out: Path, by: Sequence[str], actor: str) -> dict[str, Any]:
    if not choice.decisions.exists():
        raise RunError(
            f"{choice.version.name} {choice.version.number} has decided nothing in '{choice.zone}' then",
            where=Where(field="zone"),
            remedy="`tidegate versions` says which version decided when.",
        )
    bench = load_version(choice.version)
    asked = [
        spec
        for name, spec in bench.catalog.detectors.items()
        if name in bench.strategy.detectors or name == ITEM_SIGNALS.name
    ]
    catalog = Catalog.of(*asked)
    summary = gather(
        RunFolder(out),
        _manifest(choice, bench, bench.strategy),
        choice.version.text,
        (gathered(batch, catalog) for batch in rows(choice)),
        bench.workspace.ladder,
        by,
    )
    subject = f"strategy:{choice.version.name}:{choice.version.number}"
    with transaction.atomic():
        append([Act(actor, "decisions.exported", choice.zone, subject, {"items": summary["items"]})])
    return summary


def _manifest(choice: Choice, bench: Bench, strategy: Strategy) -> dict[str, Any]:
    times = {
        name: when and when.isoformat() for name, when in (("since", choice.since), ("until", choice.until))
    }
    return {
        "tidegate": tidegate.__version__,
        "input": [{"name": f"server:{choice.zone}", **times}],
        "columns": {},
        "truth": None,
        "truth_policy": None,
        "strategy": {
            "name": strategy.name,
            "version": strategy.label,
            "hash": strategy.hash,
            "let": dict(strategy.let),
        },
        "ladder": [asdict(action) for action in bench.workspace.ladder],
        "policies": sorted(policy_ids(bench.workspace)),
        "detectors": {name: spec_record(spec) for name, spec in bench.catalog.detectors.items()},
        "audit_seed": bench.workspace.audit_seed,
        "audit": STREAMED,
    }
