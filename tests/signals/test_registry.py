"""Detectors by name or by `use`, with errors that say what to write instead."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest

from tidegate.errors import SignalError
from tidegate.signals import build_detectors, catalog_of, compute, item_signals, timeouts_of
from tidegate.signals.registry import BUILT_IN as ALL_BUILT_IN
from tidegate.tables import ITEM_SIGNALS, ITEMS, DetectorSpec, SignalField, SignalType

BUILT_IN = [name for name in ALL_BUILT_IN if name != "judge"]
"""The judge needs a server, and has tests of its own."""

SPEC = DetectorSpec(
    "shout", "1", (SignalField("share", SignalType.NUMBER, "Share of capitals."),), cost_ms=0.01
)


class Shout:
    spec = SPEC
    examples = ()

    def __init__(self, weight: float = 1.0) -> None:
        self.weight = weight

    def detect(self, items: pl.DataFrame) -> pl.DataFrame:
        shares = [self.weight * sum(map(str.isupper, text)) / len(text) for text in items["text"]]
        return pl.DataFrame({"shout.share": shares})


def build(settings: dict[str, object]) -> Shout:
    return Shout(**settings)  # type: ignore[arg-type]


def build_broken(settings: dict[str, object]) -> Shout:
    raise RuntimeError("no such server")


def build_nothing(settings: dict[str, object]) -> object:
    return SimpleNamespace()


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setitem(sys.modules, "my_detectors", sys.modules[__name__])
    return "my_detectors"


def items_of(*texts: str | None) -> pl.DataFrame:
    given = {"id": [str(i) for i in range(len(texts))], "kind": ["text"] * len(texts), "text": list(texts)}
    frame = pl.DataFrame(given, schema_overrides={"text": pl.String})
    return frame.select(
        pl.col(c.name) if c.name in given else pl.lit(None, c.dtype).alias(c.name) for c in ITEMS.columns
    )


def lexicon_settings(base: Path) -> dict[str, object]:
    (base / "terms.csv").write_text(
        "term,harm,severity\nsnake oil,,2\nblorp,harassment,3\n加微信,,1\n", encoding="utf-8"
    )
    return {"lists": ["*.csv"]}


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_built_in_detector_keeps_its_examples(name: str, tmp_path: Path) -> None:
    settings = lexicon_settings(tmp_path) if name == "lexicon" else {}
    detector = build_detectors({name: settings}, tmp_path)[name]
    found = compute(detector, items_of(*(example.text for example in detector.examples)))
    assert len(detector.examples) >= 2
    assert found[f"{name}.status"].unique().to_list() == ["computed"]
    for row, example in zip(found.iter_rows(named=True), detector.examples, strict=True):
        for field, expected in example.expected.items():
            value = row[f"{name}.{field}"]
            if isinstance(expected, float | int):
                assert value == pytest.approx(expected, abs=example.tolerance), (example.text, field)
            else:
                assert value == expected, (example.text, field)


@pytest.mark.parametrize("name", BUILT_IN)
def test_every_built_in_detector_gives_its_declared_columns_on_odd_items(name: str, tmp_path: Path) -> None:
    settings = lexicon_settings(tmp_path) if name == "lexicon" else {}
    detector = build_detectors({name: settings}, tmp_path)[name]
    odd = [None, "", " ", "\x00", "\u200b", "👍", "a" * 100_000, "一" * 50_000, "\u0301" * 5000]
    found = compute(detector, items_of(*odd))
    assert {k: v for k, v in found.schema.items() if k in detector.spec.schema} == dict(detector.spec.schema)
    assert found[f"{name}.status"].unique().to_list() == ["computed"]
    declared = [detector.spec.column(f.name) for f in detector.spec.fields]
    assert found.row(0, named=True) | dict.fromkeys(declared) == found.row(0, named=True)
    for i, text in enumerate(odd):
        assert compute(detector, items_of(text)).drop("item_id").rows()[0] == found.drop("item_id").rows()[i]


def test_a_detector_of_ones_own_is_built_with_its_settings(here: str, tmp_path: Path) -> None:
    detectors = build_detectors({"shout": {"use": f"{here}:build", "weight": 0.5}}, tmp_path)
    assert compute(detectors["shout"], items_of("Hi"))["shout.share"].to_list() == [0.25]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"lexikon": {}}, "there is no detector 'lexikon'\n  → Did you mean 'lexicon'?"),
        ({"item": {}}, "'item' is the name of the item's own signals"),
        ({"text": {"wieghts": "x"}}, "has no setting 'wieghts'\n  → Did you mean 'weights'?"),
        ({"language": {"x": 1}}, "It takes no settings."),
        ({"shout": {"use": "my_detectors"}}, "'my_detectors' does not name a factory"),
        ({"shout": {"use": "no_such_thing:f"}}, "'no_such_thing' cannot be imported"),
        ({"shout": {"use": "my_detectors:biuld"}}, "no factory 'biuld'\n  → Did you mean 'build'?"),
        ({"shout": {"use": "my_detectors:build_broken"}}, "RuntimeError: no such server"),
        (
            {"shout": {"use": "my_detectors:build_nothing"}},
            "the factory gave a SimpleNamespace, not a detector",
        ),
        ({"loud": {"use": "my_detectors:build"}}, "the detector calls itself 'shout'"),
        ({"lexicon": {}}, "the lexicon detector needs lists"),
        ({"lexicon": {"lists": ["none/*.txt"]}}, "no file matches 'none/*.txt'"),
    ],
)
def test_a_wrong_section_is_named_with_the_remedy(
    here: str, tmp_path: Path, settings: dict[str, dict[str, object]], message: str
) -> None:
    with pytest.raises(SignalError) as caught:
        build_detectors(settings, tmp_path)
    assert message in str(caught.value)
    assert "tidegate.toml, field 'detectors." in str(caught.value)


def test_the_catalog_holds_the_items_own_signals_first(tmp_path: Path) -> None:
    catalog = catalog_of(build_detectors({"evasion": {}}, tmp_path))
    assert list(catalog.detectors) == ["item", "evasion"]
    assert "item.views" in catalog.signals


def test_item_signals_are_the_items_own_columns() -> None:
    items = items_of("a", "b").with_columns(views=pl.Series([5, None]), market=pl.Series(["US", None]))
    found = item_signals(items)
    assert dict(found.schema) == {"item_id": pl.String} | ITEM_SIGNALS.schema
    assert found["item.views"].to_list() == [5.0, None]
    assert found["item.status"].to_list() == ["computed", "computed"]


def test_importing_the_room_loads_nothing_heavy() -> None:
    heavy = {"numpy", "polars", "py3langid", "scipy", "sklearn"}
    code = f"import sys, tidegate.signals; print({heavy} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "set()\n"


def test_a_time_limit_is_any_detectors_setting_and_no_factorys(tmp_path: Path) -> None:
    settings = {"text": {"timeout_s": 30}, "language": {}}
    assert timeouts_of(settings, tmp_path) == {"text": 30.0}
    assert list(build_detectors(settings, tmp_path)) == ["text", "language"]


@pytest.mark.parametrize("seconds", [0, -1, "soon", True])
def test_a_time_limit_is_a_number_above_zero(seconds: object, tmp_path: Path) -> None:
    with pytest.raises(SignalError, match="is no time that a batch may take"):
        timeouts_of({"text": {"timeout_s": seconds}}, tmp_path)


@pytest.mark.parametrize("field", ["status", "failure", "a.b"])
def test_a_field_may_not_be_called_what_the_engine_calls_its_own(
    field: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = DetectorSpec("shout", "1", (SignalField(field, SignalType.NUMBER, ""),), cost_ms=0.01)
    detector = SimpleNamespace(spec=spec, examples=(), detect=lambda items: items)
    monkeypatch.setitem(sys.modules, "loud", SimpleNamespace(make=lambda settings: detector))
    with pytest.raises(SignalError, match=f"'{field}' cannot be a field's name"):
        build_detectors({"shout": {"use": "loud:make"}}, tmp_path)
