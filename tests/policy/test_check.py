"""How many golden cases a detector gets right, by slice, against floors."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.errors import PolicyError, WorkspaceError
from tidegate.policy.check import GOLDEN_CHECK, check_golden
from tidegate.policy.golden import golden_items
from tidegate.tables import Catalog, DetectorSpec, SignalField, SignalType

NOISE = SignalField("noise", SignalType.NUMBER, "", harm="harassment", threshold=0.5)
SHOUT = SignalField("shout", SignalType.BOOLEAN, "", harm="harassment", threshold=1.0)
EAR = DetectorSpec("ear", "3", (NOISE,), cost_ms=0.1)


def signals(policies, **columns):
    """A signals frame of the golden items; a column is one value for all, or a list."""
    frame = golden_items(policies).select(pl.col("id").alias("item_id"))
    return frame.with_columns(
        pl.Series(name.replace("__", "."), value if isinstance(value, list) else [value] * frame.height)
        for name, value in columns.items()
    )


def truth(policies):
    return [case.violates for case in policies.golden["loud-music"]]


def overall(checked):
    return checked.row(0, named=True)


def test_a_detector_that_knows_the_answers_is_right_in_every_slice(policies):
    exact = [1.0 if violates else 0.0 for violates in truth(policies)]

    checked = check_golden(policies, signals(policies, ear__noise=exact), Catalog.of(EAR))

    assert dict(checked.schema) == GOLDEN_CHECK.schema
    assert checked.select("slice", "value", "cases").rows() == [
        ("all", "all", 40),
        ("language", "en", 20),
        ("language", "zh", 20),
        ("difficulty", "easy", 32),
        ("difficulty", "hard", 8),
    ]
    assert checked["detector_version"].unique().to_list() == ["3"]
    assert checked.select(pl.col("share", "precision", "recall").unique()).rows() == [(1.0, 1.0, 1.0)]
    assert checked["floor"].null_count() == checked["met"].null_count() == 5


def test_the_threshold_itself_says_violates(policies):
    checked = check_golden(policies, signals(policies, ear__noise=0.5), Catalog.of(EAR))

    assert overall(checked)["recall"] == 1.0
    assert overall(checked)["precision"] == pytest.approx(13 / 40)


@pytest.mark.parametrize("nothing", [None, float("nan")], ids=["null", "NaN"])
def test_a_signal_that_found_nothing_says_does_not_violate(policies, nothing):
    frame = signals(policies, ear__noise=nothing).with_columns(pl.col("ear.noise").cast(pl.Float64))

    row = overall(check_golden(policies, frame, Catalog.of(EAR)))

    assert (row["right"], row["precision"], row["recall"]) == (27, None, 0.0)


def test_any_field_of_the_detector_may_say_violates(policies):
    spec = DetectorSpec("ear", "3", (NOISE, SHOUT), cost_ms=0.1)

    frame = signals(policies, ear__noise=0.0, ear__shout=truth(policies))

    assert overall(check_golden(policies, frame, Catalog.of(spec)))["share"] == 1.0


@pytest.mark.parametrize(
    "field",
    [
        SignalField("noise", SignalType.NUMBER, "", harm="hate", threshold=0.5),
        SignalField("noise", SignalType.NUMBER, "", harm="harassment"),
        SignalField("noise", SignalType.TEXT, "", harm="harassment", threshold=0.5),
    ],
    ids=["other harm", "no threshold", "text"],
)
def test_a_detector_that_does_not_judge_the_harm_takes_no_part(policies, field):
    catalog = Catalog.of(DetectorSpec("ear", "3", (field,), cost_ms=0.1))

    checked = check_golden(policies, signals(policies), catalog)

    assert checked.is_empty()
    assert dict(checked.schema) == GOLDEN_CHECK.schema


@pytest.mark.parametrize(("floor", "met"), [(27 / 40, True), (0.7, False)])
def test_the_floor_is_held_against_the_share_of_all_cases(policies, floor, met):
    frame = signals(policies, ear__noise=0.0)

    checked = check_golden(policies, frame, Catalog.of(EAR), {"ear": {"loud-music": floor}})

    assert (overall(checked)["floor"], overall(checked)["met"]) == (floor, met)
    assert checked["floor"].null_count() == 4


def test_detectors_come_in_the_order_of_the_catalog_each_with_its_own_floor(policies):
    second = DetectorSpec("deaf", "1", (NOISE,), cost_ms=0.1)
    frame = signals(policies, ear__noise=1.0, deaf__noise=0.0)

    checked = check_golden(policies, frame, Catalog.of(EAR, second), {"deaf": {"loud-music": 0.5}})

    assert checked.filter(pl.col("slice") == "all").select("detector", "right", "floor", "met").rows() == [
        ("ear", 13, None, None),
        ("deaf", 27, 0.5, True),
    ]
    assert checked["detector"].to_list() == ["ear"] * 5 + ["deaf"] * 5


@given(st.data())
def test_counts_agree_with_counting_by_hand(policies, data):
    values = st.none() | st.floats(0, 1) | st.just(float("nan"))
    noise = data.draw(st.lists(values, min_size=40, max_size=40))
    frame = signals(policies, ear__noise=[None] * 40).with_columns(pl.Series("ear.noise", noise, pl.Float64))

    checked = check_golden(policies, frame, Catalog.of(EAR))

    pairs = list(zip(policies.golden["loud-music"], (n is not None and n >= 0.5 for n in noise), strict=True))
    for row in checked.iter_rows(named=True):
        here = [(c.violates, s) for c, s in pairs if row["value"] in ("all", c.language, c.difficulty)]
        hits = sum(violates and says for violates, says in here)
        flagged, violating = sum(says for _, says in here), sum(violates for violates, _ in here)
        assert row["cases"] == len(here)
        assert row["right"] == sum(violates == says for violates, says in here)
        assert row["precision"] == (hits / flagged if flagged else None)
        assert row["recall"] == (hits / violating if violating else None)


def test_signals_of_other_items_are_left_alone(policies):
    frame = signals(policies, ear__noise=0.0)
    more = pl.concat([frame, pl.DataFrame({"item_id": ["post-1"], "ear.noise": [1.0]})])

    assert overall(check_golden(policies, more, Catalog.of(EAR)))["cases"] == 40


def test_a_missing_column_is_answered(policies):
    with pytest.raises(PolicyError) as error:
        check_golden(policies, signals(policies), Catalog.of(EAR))

    assert str(error.value) == (
        "field 'ear.noise': the signals of the golden cases have no column 'ear.noise'\n"
        "  → Score the golden items with every detector of the catalog."
    )


def test_a_missing_item_and_an_item_twice_are_answered(policies):
    frame = signals(policies, ear__noise=0.0)

    with pytest.raises(PolicyError, match="no row for 39 golden cases, such as 'loud-music-002'"):
        check_golden(policies, frame.head(1), Catalog.of(EAR))
    with pytest.raises(PolicyError, match="more than one row for 40 golden cases, such as 'loud-music-001'"):
        check_golden(policies, pl.concat([frame, frame]), Catalog.of(EAR))


FLOORS = {
    "unknown detector": (
        {"eer": {"loud-music": 0.5}},
        "field 'floors.eer': a floor is set for the unknown detector 'eer'\n"
        "  → Did you mean 'ear'? Detectors are ear, mute.",
    ),
    "unknown policy": (
        {"ear": {"loud-musik": 0.5}},
        "field 'floors.ear.loud-musik': a floor is set for the unknown policy 'loud-musik'\n"
        "  → Did you mean 'loud-music'? Policies are loud-music.",
    ),
    "policy that it does not judge": (
        {"mute": {"loud-music": 0.5}},
        "field 'floors.mute.loud-music': the detector 'mute' does not judge the policy 'loud-music'\n"
        "  → Take the floor out, or give a field of the detector that harm and a threshold.",
    ),
    "no share": (
        {"ear": {"loud-music": 80}},
        "field 'floors.ear.loud-music': a floor must be a share, from 0 to 1\n"
        "  → Write loud-music = 0.8, say.",
    ),
}


@pytest.mark.parametrize(("floors", "message"), FLOORS.values(), ids=FLOORS)
def test_a_floor_that_could_never_be_held_is_refused(policies, floors, message):
    catalog = Catalog.of(EAR, DetectorSpec("mute", "1", (), cost_ms=0.1))

    with pytest.raises(WorkspaceError) as error:
        check_golden(policies, signals(policies, ear__noise=0.0), catalog, floors)

    assert str(error.value) == message
