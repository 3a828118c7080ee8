"""Queries in SQL: what they read, what they cannot reach, and how they end."""

from __future__ import annotations

import html
import io
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.server.test_walk import sessions  # noqa: F401

pytestmark = pytest.mark.usefixtures("inside")
SINCE, UNTIL = datetime.now(UTC) - timedelta(days=1), datetime.now(UTC) + timedelta(days=1)


@pytest.fixture(autouse=True)
def scope(inside: Path) -> Iterator[None]:
    from tidegate.server.zones.scope import EVERYWHERE, within

    with within(EVERYWHERE):
        yield


def asked(sql: str, zones: tuple[str, ...] = ("us",), **more: Any) -> Any:
    from tidegate.server.queries.asking import ask

    return ask(sql, zones, SINCE, UNTIL, actor="person:1", **more)


def test_an_answer_is_of_the_zones_that_were_asked_and_no_others() -> None:
    from tidegate.server.content.models import Item

    sql = "select zone, count(*) as n from items group by zone order by zone"
    for zones in (("us",), ("eu",), ("eu", "us")):
        expected = [(zone, Item.objects.filter(zone=zone).count()) for zone in zones]
        assert asked(sql, zones).frame.rows() == expected


def test_tables_are_joined_as_in_any_sql() -> None:
    sql = """
        with reported as (select distinct zone, item_id from events where type = 'report')
        select i.id, d.action from reported r
        join items i on i.zone = r.zone and i.id = r.item_id
        join decisions d on d.zone = i.zone and d.item_id = i.id
    """
    assert set(asked(sql).frame["id"]) == {"post-1"}
    answers = asked("select kind, active_ms from answers").frame
    assert answers.columns == ["kind", "active_ms"]


def test_days_bound_what_is_read() -> None:
    from tidegate.server.queries.asking import ask

    before = ask(
        "select count(*) as n from decisions", ["us"], SINCE - timedelta(days=9), SINCE, actor="person:1"
    )
    assert before.frame["n"].item() == 0


@pytest.mark.parametrize(
    "sql",
    [
        "delete from items",
        "drop view items",
        "create table x as select 1",
        "select 1; select 2",
        "copy items to '/tmp/tidegate-items.csv'",
        "attach '/tmp/other.db'",
        "install httpfs",
        "set enable_external_access = true",
        "select * from read_csv('/etc/hostname')",
        "select * from read_text('/etc/hostname')",
        "select * from '/etc/hostname'",
        "select * from glob('/etc/*')",
        "select * from tables",  # a name of a variable of ours
        "select * from sqlite_scan('tidegate.db', 'content_item')",
        "pragma database_list",
        "nonsense",
        "",
    ],
)
def test_what_does_not_read_the_tables_is_refused(sql: str) -> None:
    from tidegate.errors import RunError

    with pytest.raises(RunError) as told:
        asked(sql)
    assert told.value.remedy


def test_a_table_that_is_not_there_is_told_with_the_nearest() -> None:
    from tidegate.errors import RunError

    with pytest.raises(RunError) as told:
        asked("select * from decision")
    assert "Did you mean 'decisions'?" in str(told.value)


def test_a_query_that_takes_too_long_is_ended() -> None:
    from tidegate.errors import RunError

    endless = "select count(*) from range(10000000000) a, range(1000) b"
    with pytest.raises(RunError, match=r"the query took more than 0\.3 seconds"):
        asked(endless, longest=0.3)


def test_a_query_that_takes_too_much_is_ended() -> None:
    from tidegate.errors import RunError

    with pytest.raises(RunError, match="the answer is too large"):
        asked("select repeat('tide', 10000) as long from range(1000)")
    with pytest.raises(RunError):
        asked("select list(a.range) from range(100000000) a, range(100) b")


def test_an_answer_has_so_many_rows_and_says_that_there_are_more() -> None:
    from tidegate.server.queries.asking import MOST_ROWS

    found = asked(f"select range as n from range({MOST_ROWS + 5}) order by n")
    assert (len(found.frame), found.cut) == (MOST_ROWS, True)
    assert not asked("select 1 as n").cut


def test_of_a_large_table_a_part_is_read_and_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    from tidegate.server.queries import tables

    monkeypatch.setattr(tables, "MOST", 2)
    found = asked("select count(*) as n from items", ("eu", "us"))
    assert (found.frame["n"].item(), found.partly) == (2, ["items"])


def test_that_somebody_asked_is_on_the_record_and_what_they_wrote_is_not() -> None:
    from tidegate.server.ledger.models import Entry

    asked("select text from items where author_id = 'author-us'")
    act = Entry.objects.filter(act="query.asked", zone="us").order_by("-number")[0]
    assert json.loads(act.details) == {"tables": ["items"], "rows": 4}
    assert "author-us" not in str(vars(act))


def test_only_tables_that_are_named_are_read() -> None:
    from tidegate.server.queries.asking import tables_of
    from tidegate.server.queries.tables import TABLES

    assert tables_of("with items as (select 1 as n) select n from items, decisions") == ["items", "decisions"]
    assert tables_of("select 1") == []
    assert tables_of("select * from main.Events") == ["events"]
    assert tables_of("select from from") == list(TABLES)


def sent(client: Any, sql: str, **more: str) -> Any:
    days = {"since": str(SINCE.date()), "until": str(UNTIL.date())}
    return client.post("/queries/", days | {"sql": sql, "do": "ask"} | more)


def test_the_page_shows_a_table_a_chart_and_a_file(sessions: Any) -> None:  # noqa: F811
    client = sessions["analyst", "us"]
    sql = "select rule, count(*) as n, '<b>' || rule as marked from decisions group by rule order by n"
    page = sent(client, sql, chart="bars").content.decode()
    assert "&lt;b&gt;otherwise" in page
    assert "<svg" in page
    assert 'fill="var(--sea)"' in page
    assert '<th scope="col"><code>rule</code></th><th scope="col" class="number"><code>n</code></th>' in page
    file = sent(client, sql, do="csv")
    assert file["Content-Type"].startswith("text/csv")
    assert pl.read_csv(io.BytesIO(file.content)).columns == ["rule", "n", "marked"]
    assert (
        "A chart needs a second column of numbers."
        in sent(client, "select rule from decisions", chart="line").content.decode()
    )


def test_the_file_has_times_and_lists_as_text(sessions: Any) -> None:  # noqa: F811
    file = sent(
        sessions["analyst", "us"],
        "select decided_at, [1, 2] as pair, {'a': 1} as part, current_date as day from decisions limit 1",
        do="csv",
    )
    row = pl.read_csv(io.BytesIO(file.content), try_parse_dates=True).row(0, named=True)
    assert isinstance(row["decided_at"], datetime)
    assert row["pair"] == "[1, 2]"
    assert row["part"] == "{'a': 1}"


def test_no_text_of_the_file_is_a_formula_and_numbers_stay_numbers(sessions: Any) -> None:  # noqa: F811
    sql = """select '=1+1' as "=2+2", '@SUM(A1)' as at, -5 as n, '-5' as written, 'a' as plain"""
    file = sent(sessions["analyst", "us"], sql, do="csv")
    assert file.content.decode().splitlines() == ["'=2+2,at,n,written,plain", "'=1+1,'@SUM(A1),-5,'-5,a"]


def test_the_page_of_one_zone_tells_nothing_of_another(sessions: Any) -> None:  # noqa: F811
    page = sent(sessions["analyst", "eu"], "select * from items").content.decode()
    assert "secret of eu" in page
    assert "secret of us" not in page


def test_mistakes_are_told_and_the_query_is_kept(sessions: Any) -> None:  # noqa: F811
    client = sessions["analyst", "us"]
    page = html.unescape(sent(client, "select nothing from decisions").content.decode())
    assert re.search(r'role="alert"[^>]*>[^<]*"?nothing"?', page)
    assert "select nothing from decisions</textarea>" in page
    wrong = sent(client, "select 1", since=str(UNTIL.date() + timedelta(days=1)))
    assert "The last day is before the first." in wrong.content.decode()


def test_a_chart_is_told_in_a_sentence_with_as_many_rows_as_it_has(sessions: Any) -> None:  # noqa: F811
    sql = "select 'day ' || range as day, range * range as n from range(70) order by range"
    page = html.unescape(sent(sessions["analyst", "us"], sql, chart="line").content.decode())
    assert "Highest: day 59, 3481. Lowest: day 0, 0." in page
    assert "The chart has the first 60 rows." in page


def test_a_wide_answer_stays_a_small_page(sessions: Any) -> None:  # noqa: F811
    many = ", ".join(f"repeat('宽', 150) as c{n}" for n in range(20))
    wide = sent(sessions["analyst", "us"], f"select {many} from range(300)")
    assert len(wide.content) < 200_000
    assert re.search(r"The first \d+ rows", wide.content.decode())
    page = sent(sessions["analyst", "us"], "select repeat('x', 900) as a, range as b from range(9000)")
    assert len(page.content) < 200_000
    assert "…" in page.content.decode()


@pytest.mark.parametrize(
    "sql", ["select error(string_agg(text)) from items", "select cast(text as int) from items"]
)
def test_a_query_that_fails_is_on_the_record_too_since_its_error_may_quote_what_it_read(sql: str) -> None:
    from tidegate.errors import RunError
    from tidegate.server.ledger.models import Entry

    with pytest.raises(RunError, match="secret of us") as error:
        asked(sql)
    assert len(error.value.what) < 600
    entry = Entry.objects.order_by("-number").first()
    assert entry.act == "query.asked"
    assert json.loads(entry.details) == {"rows": None, "tables": ["items"]}


def test_a_query_of_very_many_parts_is_refused() -> None:
    from tidegate.errors import RunError

    with pytest.raises(RunError, match="depth"):
        asked("select " + "(" * 3000 + "1" + ")" * 3000)


@pytest.mark.parametrize(
    "what", ["interval '1 day'", "'infinity'::timestamp", "'290000-01-01'::date", "union_value(n := 2)"]
)
def test_what_cannot_be_shown_is_told(what: str) -> None:
    from tidegate.errors import RunError

    with pytest.raises(RunError, match="cannot be shown"):
        asked(f"select {what} as what")


def test_bytes_and_what_is_no_number_are_shown(sessions: Any) -> None:  # noqa: F811
    client = sessions["analyst", "us"]
    assert "nan" in sent(client, "select 'a' as a, 'nan'::double as b", chart="bars").content.decode()
    assert sent(client, "select 'a'::blob as b", do="csv").status_code == 200


def test_days_at_the_end_of_time_are_told(sessions: Any) -> None:  # noqa: F811
    said = sent(sessions["analyst", "us"], "select 1", since="0001-01-01", until="9999-12-31")
    assert "Ensure this value is" in said.content.decode()
