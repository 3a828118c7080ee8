"""What the service decided, read by the engine's commands exactly as a run over files."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tidegate.tables import DECISIONS, ITEMS

STRATEGY = """
strategy: recent
version: 1
audit: 0.5
rules:
  - {id: sure, when: "text.harassment >= 0.5 and author.items_1h is null", then: remove}
  - {id: flood, when: "author.items_24h >= 3", then: review, queue: floods}
  - {id: otherwise, then: allow, audit: {proportional_to: text.max_risk, budget_per_day: 20, floor: 0.5}}
"""


@pytest.fixture(scope="module")
def populated(counting: Any) -> Iterator[str]:
    """Another active strategy, and a zone of its own with 60 items of four authors, one of them edited."""
    path = counting.workspace / "strategies" / "recent.yaml"
    path.write_text(STRATEGY)
    done = counting.command("publish", str(path), "--message", "for export")
    assert done.returncode == 0, done.stderr
    zone = f"z{uuid.uuid4().hex[:8]}"
    made = counting.command("key", f"feed-{zone}", "--zone", zone, "--scope", "items", "--scope", "events")
    posts = [
        {
            "id": f"post-{number}",
            "text": "You are a stupid, worthless idiot." if number % 10 == 0 else f"Tea at {number}.",
            "language": "en",
            "author_id": f"author-{number % 4}" if number % 2 else None,
            "views": number,
        }
        for number in range(60)
    ]
    with counting.client(made.stdout.strip()) as client:
        client.post("/items", json={"items": posts}).raise_for_status()
        client.post("/items", json=posts[7] | {"text": "Tea at noon."}).raise_for_status()
        event = {"id": "e-1", "item_id": "post-9", "type": "report"}
        client.post("/events", json=event).raise_for_status()
    yield zone
    assert counting.command("activate", "counting", "1").returncode == 0


def test_a_run_folder_holds_every_item_once_as_it_was_decided(
    counting: Any, populated: str, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    done = counting.command("export", "--zone", populated, "--out", str(out))
    assert done.returncode == 0, done.stderr
    items, decisions = (pl.read_parquet(out / f"{name}.parquet") for name in ("items", "decisions"))
    assert dict(items.schema) == ITEMS.schema
    assert dict(decisions.schema) == DECISIONS.schema
    assert items["id"].n_unique() == len(items) == len(decisions) == 60
    by_id = {row["id"]: row for row in items.iter_rows(named=True)}
    assert by_id["post-7"]["text"] == "Tea at noon."
    assert (by_id["post-9"]["reports"], by_id["post-9"]["views"]) == (1, 9)
    signals = pl.read_parquet(out / "signals.parquet")
    assert set(signals["text.status"]) == {"computed", "skipped"}
    computed = signals.filter(pl.col("text.status") == "computed")
    assert computed["text.animal_abuse"].null_count() == 0  # read by no rule, and recorded all the same
    assert json.loads((out / "summary.json").read_text())["items"] == 60


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (["replay"], "60 decisions recomputed; none differs."),
        (["sql", "select count(*) as n from decisions where audited"], "n"),
        (["explain", "post-10"], "remove, because of the rule sure"),
    ],
)
def test_the_engines_commands_read_the_service(
    counting: Any, populated: str, command: list[str], says: str
) -> None:
    done = counting.command(command[0], "--from", "server", "--zone", populated, *command[1:])
    assert done.returncode == 0, done.stderr
    assert says in done.stdout


def test_a_backtest_runs_on_what_the_service_recorded(counting: Any, populated: str) -> None:
    milder = counting.workspace / "strategies" / "milder.yaml"
    milder.write_text(STRATEGY.replace("then: remove", "then: label").replace("version: 1", "version: 2"))
    done = counting.command(
        "backtest", "--from", "server", "--zone", populated, "--strategy", str(milder), "--json"
    )
    assert done.returncode == 0, done.stderr
    assert '"label"' in done.stdout


def test_a_backtest_reads_the_last_days_alone_where_it_is_told(counting: Any, populated: str) -> None:
    strategy = str(counting.workspace / "strategies" / "recent.yaml")
    asked = ("backtest", "--from", "server", "--zone", populated, "--strategy", strategy, "--json")
    assert counting.command(*asked, "--since", "2026-01-01").returncode == 0
    later = counting.command(*asked, "--since", "2999-01-01")
    assert later.returncode == 2
    assert "has decided nothing" in later.stderr
    assert "does not match the formats" in counting.command(*asked, "--since", "monday").stderr


def test_labels_of_the_audit_sample_give_figures(counting: Any, populated: str, tmp_path: Path) -> None:
    out = tmp_path / "run"
    counting.command("export", "--zone", populated, "--out", str(out))
    audit = pl.read_csv(out / "audit.csv")
    labels = audit.select("item_id", violates=pl.col("text").str.contains("idiot"))
    labels.write_csv(tmp_path / "labels.csv")
    given = ["--labels", str(tmp_path / "labels.csv"), "--json"]
    done = counting.command("measure", "--from", "server", "--zone", populated, *given)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["leakage"]["rate"]["labels"] > 0


def test_another_zone_is_empty_and_says_so(counting: Any, populated: str, tmp_path: Path) -> None:
    done = counting.command("export", "--zone", "nowhere", "--out", str(tmp_path / "run"))
    assert done.returncode == 2
    assert "has decided nothing in 'nowhere'" in done.stderr
    assert not (tmp_path / "run").exists()
    asked = counting.command("measure", "--from", "server")
    assert asked.returncode == 2
    assert "--from server --zone us" in asked.stderr


@pytest.mark.parametrize(
    ("command", "remedy"),
    [
        (["explain", "nobody"], 'tidegate sql --from server --zone {zone} "select'),
        (["measure"], "tidegate export --zone {zone} --out FOLDER"),
        (["causes"], "FOLDER/audit.csv"),
    ],
)
def test_an_error_names_no_folder_that_is_gone(
    counting: Any, populated: str, command: list[str], remedy: str
) -> None:
    done = counting.command(command[0], "--from", "server", "--zone", populated, *command[1:])
    assert done.returncode == 2
    assert f"error: server, zone {populated}" in done.stderr
    assert remedy.format(zone=populated) in done.stderr
    assert "/tidegate-" not in done.stderr
