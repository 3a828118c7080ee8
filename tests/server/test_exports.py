"""Lists page by page, and whole tables as streams and as files: complete, and on the record."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import uuid
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pytest

from tidegate.tables import DECISIONS, ITEMS
from tidegate.warehouse import as_written

POSTS = 57
AWKWARD = '=1+1, "quoted"\nnext line 你好 \U0001f600'


@pytest.fixture(scope="module")
def zone(counting: Any) -> str:
    """A zone of its own with items, one of them edited, one reported."""
    name = f"z{uuid.uuid4().hex[:8]}"
    key = counting.command("key", f"feed-{name}", "--zone", name, "--scope", "items", "--scope", "events")
    posts = [
        {"id": f"post-{n:03}", "text": f"Tea at {n}.", "author_id": f"author-{n % 3}", "views": n}
        for n in range(POSTS)
    ]
    posts[5] |= {"market": "XX", "text": AWKWARD}
    with counting.client(key.stdout.strip()) as client:
        client.post("/items", json={"items": posts}).raise_for_status()
        client.post("/items", json=posts[7] | {"text": "Coffee."}).raise_for_status()
        report = {"id": "r-1", "item_id": "post-003", "type": "report", "by": "fan", "reason": "rude"}
        client.post("/events", json=report).raise_for_status()
    return name


@pytest.fixture(scope="module")
def client(counting: Any, zone: str) -> Iterator[httpx.Client]:
    scopes = ("--scope", "items", "--scope", "exports")
    key = counting.command("key", f"reads-{zone}", "--zone", zone, *scopes)
    with counting.client(key.stdout.strip()) as found:
        yield found


def pages(client: httpx.Client, path: str, **asked: Any) -> list[dict[str, Any]]:
    rows, name = [], path.strip("/")
    while True:
        page = client.get(path, params=asked).raise_for_status().json()
        rows += page[name]
        if page["next"] is None:
            return rows
        asked["cursor"] = page["next"]


@pytest.mark.parametrize("limit", [1, 10, 57, 100])
def test_pages_together_hold_every_item_once_newest_first(client: httpx.Client, limit: int) -> None:
    ids = [item["id"] for item in pages(client, "/items", limit=limit)]
    assert ids == [f"post-{n:03}" for n in reversed(range(POSTS))]


def test_what_comes_while_one_turns_pages_moves_nothing(
    counting: Any, client: httpx.Client, zone: str
) -> None:
    first = client.get("/decisions", params={"limit": 5}).json()
    key = counting.command("key", f"more-{uuid.uuid4().hex[:6]}", "--zone", zone, "--scope", "items")
    with counting.client(key.stdout.strip()) as feed:
        feed.post("/items", json={"id": "post-007", "text": "Cocoa."}).raise_for_status()
    second = client.get("/decisions", params={"limit": 5, "cursor": first["next"]}).json()
    seen = [(one["id"], one["version"]) for one in first["decisions"] + second["decisions"]]
    assert len(set(seen)) == 10
    assert ("post-007", 3) not in seen


def test_lists_are_narrowed(client: httpx.Client) -> None:
    assert {item["author_id"] for item in pages(client, "/items", author_id="author-1")} == {"author-1"}
    removed = pages(client, "/decisions", action="remove")
    assert [one["id"] for one in removed] == ["post-005"]
    assert pages(client, "/decisions", since="2999-01-01T00:00:00Z") == []
    assert len(pages(client, "/decisions", until="2999-01-01T00:00:00Z")) >= POSTS + 1


@pytest.mark.parametrize(
    ("address", "field"), [("decision?format=csv", "table"), ("items?format=xl", "format")]
)
def test_what_cannot_be_exported_is_told_by_field(client: httpx.Client, address: str, field: str) -> None:
    answer = client.get(f"/exports/{address}")
    assert (answer.status_code, answer.json()["field"]) == (422, field)


@pytest.mark.parametrize(
    ("address", "meant"),
    [("/items?author=u1", "author_id"), ("/decisions?rul=x", "rule"), ("/exports/items?sinse=x", "since")],
)
def test_a_filter_that_is_mistyped_does_not_give_everything(
    client: httpx.Client, address: str, meant: str
) -> None:
    answer = client.get(address)
    assert answer.status_code == 422
    assert answer.json()["field"] == address.partition("?")[2].partition("=")[0]
    assert f"'{meant}'" in answer.json()["remedy"]


@pytest.mark.parametrize("wrong", ["x", "gAAAAA", "57", "\u4f60"])
def test_a_cursor_that_is_none_is_told(client: httpx.Client, wrong: str) -> None:
    answer = client.get("/items", params={"cursor": wrong})
    assert (answer.status_code, answer.json()["field"]) == (422, "cursor")
    of_others = client.get("/decisions", params={"limit": 1}).json()["next"]
    assert client.get("/items", params={"cursor": of_others}).status_code == 422
    assert client.get("/items", params={"limit": 0}).status_code == 422


def test_a_cursor_does_not_tell_by_its_length_how_many_rows_there_are(django_workspace: Path) -> None:
    from tidegate.server.cursors import cursor, row_of

    few, many = cursor("decisions", 7), cursor("decisions", 12_345_678)
    assert len(few) == len(many)
    assert (row_of("decisions", few), row_of("decisions", many)) == (7, 12_345_678)


def test_a_stream_holds_the_whole_table(client: httpx.Client) -> None:
    answer = client.get("/exports/items", params={"format": "jsonl"}).raise_for_status()
    rows = [json.loads(line) for line in answer.text.splitlines()]
    assert len(rows) == int(answer.headers["Export-Rows"]) == POSTS
    by_id = {row["id"]: row for row in rows}
    assert by_id["post-005"]["text"] == AWKWARD
    assert by_id["post-007"]["version"] > 1
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", by_id["post-000"]["received_at"])
    written = client.get("/exports/decisions", params={"format": "csv"}).raise_for_status()
    decisions = pl.read_csv(io.BytesIO(written.content))
    items = pl.read_csv(client.get("/exports/items", params={"format": "csv"}).content)
    assert items.filter(id="post-005")["text"].item() == "'" + AWKWARD
    assert items.filter(id="post-003")["views"].item() == 3
    assert len(decisions) == int(written.headers["Export-Rows"]) >= POSTS + 1
    events = client.get("/exports/events").raise_for_status()
    assert [json.loads(line)["item_id"] for line in events.text.splitlines()] == ["post-003"]


def test_a_table_without_rows_has_its_columns(client: httpx.Client) -> None:
    asked = {"format": "csv", "since": "2999-01-01T00:00:00Z"}
    answer = client.get("/exports/events", params=asked).raise_for_status()
    assert answer.text.strip() == "id,item_id,type,by,reason,statement,views,at,received_at"
    assert client.get("/exports/people").status_code == 422
    assert client.get("/exports/items", params={"format": "xml"}).status_code == 422


READERS = {
    "parquet": pl.read_parquet,
    "csv": lambda path: as_written(pl.read_csv(path)),
    "jsonl": pl.read_ndjson,
    "xlsx": pl.read_excel,
    "hyper": lambda path: __import__("pantab").frame_from_hyper(path, table="items", return_type="polars"),
}


@pytest.mark.parametrize("form", READERS)
def test_a_file_holds_the_whole_table_in_every_format(
    counting: Any, zone: str, tmp_path: Path, form: str
) -> None:
    out = tmp_path / f"items.{form}"
    done = counting.command("export", "--zone", zone, "--table", "items", "--out", str(out))
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{POSTS} items in {out}\n"
    found = READERS[form](out)
    assert len(found) == POSTS
    row = found.filter(pl.col("id") == "post-005").row(0, named=True)
    assert (row["text"], row["views"], row["market"]) == (AWKWARD, 5, "XX")
    assert [path.name for path in tmp_path.iterdir()] == [out.name]
    again = counting.command("export", "--zone", zone, "--table", "items", "--out", str(out))
    assert again.returncode == 2
    assert "there is a file already" in again.stderr


def test_no_text_of_a_file_for_spreadsheets_is_a_formula(counting: Any, zone: str, tmp_path: Path) -> None:
    for form in ("csv", "xlsx"):
        out = str(tmp_path / f"items.{form}")
        assert counting.command("export", "--zone", zone, "--table", "items", "--out", out).returncode == 0
    assert "'" + AWKWARD in pl.read_csv(tmp_path / "items.csv")["text"].to_list()
    with zipfile.ZipFile(tmp_path / "items.xlsx") as parts:
        sheet, styles = (parts.read(f"xl/{name}.xml").decode() for name in ("worksheets/sheet1", "styles"))
    assert "<f>" not in sheet
    marked = re.findall(r'<c r="[A-Z]+\d+" s="(\d+)" t="inlineStr"><is><t[^>]*>=1\+1', sheet)
    formats = re.findall(r"<xf [^>]*>", styles.partition("<cellXfs")[2])
    assert ['quotePrefix="1"' in formats[int(one)] for one in marked] == [True]


def test_what_cannot_be_written_is_told(counting: Any, zone: str, tmp_path: Path) -> None:
    def asked(out: Path, *more: str) -> subprocess.CompletedProcess[str]:
        done: subprocess.CompletedProcess[str] = counting.command(
            "export", "--zone", zone, "--table", "items", "--out", str(out), *more
        )
        return done

    assert "Did you mean 'parquet'?" in asked(tmp_path / "items.parket").stderr
    assert "cannot be written" in asked(tmp_path / "none" / "items.csv").stderr
    assert asked(tmp_path / "items.csv", "--version", "1").returncode == 2
    assert list(tmp_path.iterdir()) == []


def test_who_took_a_table_out_is_in_the_ledger(counting: Any, zone: str, client: httpx.Client) -> None:
    client.get("/exports/events").raise_for_status()
    script = (
        "from pathlib import Path; from tidegate.server.boot import boot; boot(Path()); "
        "from tidegate.server.ledger.models import Entry; "
        f"print(*Entry.objects.filter(act='table.exported', zone='{zone}').values_list('actor', 'details'))"
    )
    told = subprocess.run(
        [sys.executable, "-c", script],
        cwd=counting.workspace,
        env=counting.environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert f"('key:reads-{zone}'" in told
    assert '"format":"jsonl","rows":1' in told


def test_the_page_says_every_column(django_workspace: Path) -> None:
    from tidegate.server.exports.tables import SOURCES

    page = (Path(__file__).parents[2] / "docs" / "exports.md").read_text(encoding="utf-8")
    engine = {"items": ITEMS.names, "decisions": DECISIONS.names, "events": ()}
    for name, source in SOURCES.items():
        section = page.partition(f"### `{name}`")[2].partition("###")[0]
        assert source.table.doc.rstrip(".") in " ".join(section.split())
        for column in source.table.columns:
            assert column.name in engine[name] or f"| `{column.name}` | {column.doc} |" in section
