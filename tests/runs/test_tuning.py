"""Tuning on runs whose truth is known: what is certified holds, and what cannot be is said."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from tidegate.errors import MeasureError
from tidegate.measure.certificates.limits import Limit
from tidegate.measure.gates.reviewers import Reviewers
from tidegate.runs.backtest_trial import set_up_trial
from tidegate.runs.tuning import Tuning, tune
from tidegate.runs.tuning.board import ACTIONED, HELD, PASSED, board
from tidegate.runs.tuning.certificate import certificate, certificate_path, conditions_hash, stale
from tidegate.runs.tuning.files import targets, write
from tidegate.runs.tuning.numbers import plain_numbers, with_numbers
from tidegate.runs.tuning.steps import all_steps
from tidegate.runs.tuning.words import as_dict, in_words
from tidegate.strategy import load_strategy

ROOT = Path(__file__).parents[2]
ITEMS = 20_000
OVERKILL, LEAKAGE = Limit("overkill_rate", 0.05), Limit("leakage_rate", 0.01)
TWO = """# Two thresholds.
strategy: short-text
version: 4
let:                  # named numbers
  remove: 0.97          # certain
  review: 0.55
rules:
  - {id: sure, when: "text.hate >= :remove", then: remove}
  - {id: unsure, when: "text.hate >= :review", then: review}
  - {id: otherwise, then: allow}
"""
ONE = """strategy: one
version: 1
let: {cut: 0.5}
rules:
  - {id: sure, when: "text.hate >= :cut", then: remove}
  - {id: otherwise, then: allow}
"""
THREE = """strategy: three
version: 1
let: {hate: 0.97, spam: 0.97, review: 0.3, unused_here: 7}
rules:
  - {id: hate, when: "text.hate >= :hate", then: remove}
  - {id: spam, when: "text.spam >= :spam", then: remove}
  - {id: unsure, when: "greatest(text.hate, text.spam) >= :review", then: review}
  - {id: otherwise, then: allow}
"""
DESK_FIRST = """strategy: desk-first
version: 1
let: {remove: 0.97, review: 0.3}
rules:
  - {id: desk, when: "text.spam >= :review", then: review}
  - {id: sure, when: "text.hate >= :remove", then: remove}
  - {id: unsure, when: "text.hate >= :review", then: review}
  - {id: otherwise, then: allow}
"""
TIED = """strategy: tied
version: 1
let: {remove: 0.9, review: ":remove - 0.5"}
rules:
  - {id: sure, when: "text.hate >= :remove", then: remove}
  - {id: unsure, when: "text.hate >= :review", then: review}
  - {id: otherwise, then: allow}
"""

World = Any
Written = tuple[Path, dict[str, Any]]
Build = Callable[..., World]


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Build]:
    """A run over scores of hate (and spam) with known truth, by strategy, in a folder of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT))
        from benchmarks.measure.tuning_world import scores, world

        def make(
            strategy: str, *, spam: bool = False, items: int = ITEMS, auc: float = 0.98, **more: Any
        ) -> World:
            rng = np.random.default_rng(7)
            hate = rng.random(items) < 0.1
            signals, violates = {"hate": scores(rng, hate, auc, 0.1)}, hate
            if spam:
                other = rng.random(items) < 0.05
                signals["spam"] = scores(rng, other, 0.9, 0.05)
                violates = hate | other
            return world(tmp_path_factory.mktemp("world"), strategy, signals, violates, **more)

        yield make


@pytest.fixture(scope="module")
def two(build: Build) -> World:
    return build(TWO)


@pytest.fixture(scope="module")
def found_of_two(two: World) -> Tuning:
    return tuned(two)


def tuned(made: World, *limits: Limit, **more: Any) -> Tuning:
    (found,) = tune(made.run, made.strategy, made.labels, limits or (OVERKILL, LEAKAGE), **more)
    return found


def outcomes(made: World, numbers: dict[str, float]) -> np.ndarray:
    rows = np.arange(len(made.violates))
    return board(set_up_trial(made.run, made.strategy), rows).outcomes([numbers])[0]


def rates(made: World, found: Tuning) -> tuple[float, float]:
    """True overkill and leakage of the whole run under the tuned numbers."""
    numbers = {**plain_numbers(found.strategy.text), **found.numbers}
    outcome = outcomes(made, numbers)
    return float((~made.violates[outcome == ACTIONED]).mean()), float(made.violates[outcome == PASSED].mean())


def test_both_limits_are_kept_and_much_is_automated(two: World, found_of_two: Tuning) -> None:
    found = found_of_two
    overkill, leakage = rates(two, found)
    assert found.certified
    assert overkill <= 0.05
    assert leakage <= 0.01
    assert 0.7 < found.automated <= 1
    for kept, rate in zip(found.kept, (overkill, leakage), strict=True):
        assert rate <= kept.bound <= kept.at_most
    assert set(found.numbers) == {"remove", "review"}


def test_the_same_labels_give_the_same_numbers(two: World, found_of_two: Tuning) -> None:
    one, other = found_of_two, tuned(two)
    assert one.numbers == other.numbers
    assert one.rows.digest == other.rows.digest


def test_roles_are_found_by_moving_the_numbers(two: World) -> None:
    small = board(set_up_trial(two.run, two.strategy), np.arange(5000))
    remove, review = all_steps(small, plain_numbers(TWO), ["remove", "review"])
    assert (remove.acts, remove.passes) == (True, False)
    assert (review.acts, review.passes) == (False, True)
    assert remove.careful_first(ACTIONED)[0] == max(remove.values)
    assert review.careful_first(PASSED)[0] == min(review.values)


def test_one_limit_alone_moves_only_its_thresholds(two: World) -> None:
    found = tuned(two, LEAKAGE)
    assert list(found.numbers) == ["review"]
    assert any("remove" in note for note in found.notes)
    assert rates(two, found)[1] <= 0.01


def test_without_review_in_between_one_number_keeps_both_limits(build: Build) -> None:
    made = build(ONE, auc=0.999)
    found = tuned(made)
    overkill, leakage = rates(made, found)
    assert found.automated == 1
    assert overkill <= 0.05
    assert leakage <= 0.01


def test_where_no_single_number_keeps_both_it_says_so(build: Build) -> None:
    found = tuned(build(ONE, auc=0.95))
    assert not found.certified
    assert found.failed == ()
    assert found.numbers == found.before
    assert any("no thresholds were found that keep both" in note for note in found.notes)


@pytest.mark.slow
def test_several_thresholds_are_tuned_together(build: Build) -> None:
    made = build(THREE, spam=True)
    found = tuned(made, OVERKILL, Limit("leakage_rate", 0.02))
    overkill, leakage = rates(made, found)
    assert overkill <= 0.05
    assert leakage <= 0.02
    assert found.used < len(found.rows.labelled)  # a pilot found the order
    assert "unused_here" not in found.numbers
    assert found.strategy.let["unused_here"] == 7


def test_a_rule_that_reviews_first_takes_nothing_from_the_rules_that_act(build: Build) -> None:
    """Both limits are tried with the other's thresholds as they are, not where these let nothing through."""
    made = build(DESK_FIRST, spam=True)
    found = tuned(made, OVERKILL, Limit("leakage_rate", 0.03))
    overkill, leakage = rates(made, found)
    assert found.certified
    assert found.kept[0].share > 0.02
    assert overkill <= 0.05
    assert leakage <= 0.03


def test_a_limit_on_leakage_alone_is_not_kept_by_acting_on_everything(build: Build) -> None:
    made = build(ONE)
    found = tuned(made, LEAKAGE)
    assert (outcomes(made, dict(found.numbers)) == PASSED).mean() > 0.5


def test_numbers_that_follow_others_move_with_them(build: Build) -> None:
    made = build(TIED)
    found = tuned(made, LEAKAGE)
    assert list(found.numbers) == ["remove"]
    assert found.strategy.let["review"] == pytest.approx(found.numbers["remove"] - 0.5)
    assert rates(made, found)[1] <= 0.01


def test_weights_of_an_uneven_sample_are_respected(build: Build) -> None:
    """Violating items are drawn ten times more rarely, so the labels alone look far too good."""
    rng = np.random.default_rng(7)
    hate = rng.random(60_000) < 0.1
    made = build(TWO, items=60_000, p=np.where(hate, 0.05, 0.5))
    assert np.array_equal(made.violates, hate)
    found = tuned(made, LEAKAGE)
    assert found.certified
    assert rates(made, found)[1] <= 0.01


@pytest.mark.slow
def test_fallible_reviewers_make_it_more_careful_and_it_still_holds(build: Build) -> None:
    rng = np.random.default_rng(7)
    violates = rng.random(60_000) < 0.1
    chance = np.random.default_rng(8).random(60_000)
    said = np.where(violates, chance < 0.85, chance >= 0.995)
    made = build(TWO, items=60_000, said=said)
    reviewers = Reviewers((0.85, 0.85), (0.995, 0.995))
    found = tuned(made, Limit("overkill_rate", 0.1, reviewers), Limit("leakage_rate", 0.01, reviewers))
    overkill, leakage = rates(made, found)
    assert found.certified
    assert overkill <= 0.1
    assert leakage <= 0.01


def test_each_group_gets_numbers_of_its_own(build: Build) -> None:
    language = np.where(np.arange(ITEMS) % 3 == 0, "zh", "en")
    made = build(TWO, language=language.tolist())
    found = tune(made.run, made.strategy, made.labels, [OVERKILL, LEAKAGE], by=["language"])
    assert [one.group for one in found] == [{"language": "en"}, {"language": "zh"}]
    for one in found:
        here = language == one.group["language"]
        passed = here & (outcomes(made, dict(one.numbers)) == PASSED)
        assert made.violates[passed].mean() <= 0.01
        assert one.rows.total == here.sum()


def test_too_few_labels_say_which_limit_and_how_many_more(build: Build) -> None:
    found = tuned(build(TWO, p=0.01))
    assert {one.measure for one in found.failed} == {"overkill_rate", "leakage_rate"}
    said = "\n".join(in_words(found, 0.95))
    assert "no thresholds can be certified" in said
    assert "more labels among the surest" in said
    assert "not 5.0 %" in said.replace("5.00", "5.0")
    assert found.automated == found.automated_before


def test_a_run_of_which_a_sample_is_looked_at_tells_shares_of_the_whole(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tidegate.runs.tuning.rows.MOST_ITEMS", 1_000)
    made = build(TWO, p=0.02)
    (found,) = tune(made.run, made.strategy, made.labels, (Limit("leakage_rate", 0.0001),))
    assert not found.certified
    assert all(0 <= one.share <= 1 and 0 <= one.hope_share <= 1 for one in found.failed)


def test_hardly_any_label_is_no_sign_that_labels_would_not_help(two: World, tmp_path: Path) -> None:
    path = tmp_path / "one.csv"
    pl.read_csv(two.labels).head(1).write_csv(path)
    (found,) = tune(two.run, two.strategy, path, [OVERKILL, LEAKAGE])
    said = "\n".join(in_words(found, 0.95))
    assert "may not help" not in said
    wanted = {one["measure"]: one["more_labels"] for one in as_dict(found, None)["failed"]}
    # log(1 / 0.025) / KL(half the limit, the limit), from the paper on hand.
    assert 450 <= wanted["overkill_rate"] <= 500
    assert 2_350 <= wanted["leakage_rate"] <= 2_500


def test_a_detector_that_knows_nothing_cannot_be_helped_by_labels(build: Build) -> None:
    found = tuned(build(TWO, auc=0.501), LEAKAGE)
    assert "may not help" in "\n".join(in_words(found, 0.95))


def test_labels_of_items_that_were_not_drawn_do_not_count(two: World, tmp_path: Path, build: Build) -> None:
    made = build(TWO, p=0.5)
    path = tmp_path / "all.csv"
    pl.read_csv(two.labels).write_csv(path)
    (found,) = tune(made.run, made.strategy, path, [LEAKAGE])
    assert len(found.rows.labelled) < 11_000
    assert any("not drawn" in note for note in found.notes)


@pytest.mark.parametrize(
    ("limits", "only", "what"),
    [([], (), "no limit"), ([LEAKAGE], ("reveiw",), "reveiw"), ([LEAKAGE], ("remove", "nope"), "nope")],
)
def test_what_cannot_be_asked_is_refused(
    two: World, limits: list[Limit], only: tuple[str, ...], what: str
) -> None:
    with pytest.raises(MeasureError, match=what):
        tune(two.run, two.strategy, two.labels, limits, only=only)


def test_only_the_named_numbers_move(two: World) -> None:
    found = tuned(two, only=("review",))
    assert list(found.numbers) == ["review"]
    assert found.strategy.let["remove"] == 0.97


def test_only_the_numbers_of_the_file_change() -> None:
    text = "\ufeff" + TWO.replace("\n", "\r\n")
    changed = with_numbers(text, {"remove": 0.00001, "review": 12.5})
    assert changed == text.replace("0.97    ", "0.00001 ").replace("0.55", "12.5")
    assert plain_numbers(changed) == {"remove": 0.00001, "review": 12.5}
    assert with_numbers(text, {"remove": 0.97, "review": 0.55}) == text
    assert with_numbers("let:\n  a: 0.50 # x\n", {"a": 0.5}) == "let:\n  a: 0.50 # x\n"
    assert with_numbers("let:\n  a: 0.5 # x\n", {"a": 0.125}) == "let:\n  a: 0.125 # x\n"
    assert plain_numbers(TIED) == {"remove": 0.9}
    assert with_numbers(ONE, {"cut": 0.25}) == ONE.replace("0.5}", "0.25}")
    assert plain_numbers("strategy: none\n") == {}


NOW = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture
def written(two: World, found_of_two: Tuning, tmp_path: Path) -> Written:
    target = certified(two, tmp_path, found_of_two)
    return target, json.loads(certificate_path(target).read_text(encoding="utf-8"))


def certified(made: World, folder: Path, found: Tuning) -> Path:
    """A tuned strategy with its certificate, outside of any workspace."""
    target = folder / "tuned.yaml"
    content = write(
        target,
        made.strategy,
        found,
        made.run,
        confidence=0.95,
        reviewers=Reviewers(),
        made_at=NOW,
        expires=timedelta(days=90),
    )
    assert json.loads(certificate_path(target).read_text(encoding="utf-8")) == json.loads(json.dumps(content))
    return target


def reasons(two: World, target: Path, now: datetime = NOW) -> str:
    catalog = set_up_trial(two.run, two.strategy).bench.catalog
    return "\n".join(str(one) for one in stale(load_strategy(target, catalog=catalog), catalog, now))


def test_a_certificate_says_what_was_proved_from_what(written: Written) -> None:
    target, content = written
    assert content["speaks_for"] == ["remove", "review"]
    assert [one["measure"] for one in content["constraints"]] == ["overkill_rate", "leakage_rate"]
    assert all(one["bound"] <= one["at_most"] for one in content["constraints"])
    assert content["data"]["labels"] == ITEMS
    assert len(content["data"]["sha256"]) == 64
    assert content["cost"]["reviews"] == round((1 - content["automation_rate"]["after"]) * ITEMS)
    assert content["expires_at"].startswith("2027-02-21")
    assert content["detectors"] == {"text": "1"}
    for line in TWO.splitlines():
        if "remove: " not in line and "review: " not in line:
            assert line in target.read_text(encoding="utf-8")


def test_a_fresh_certificate_speaks_for_its_strategy(two: World, written: Written) -> None:
    assert reasons(two, written[0]) == ""


def test_thresholds_without_a_certificate_are_named(two: World, tmp_path: Path) -> None:
    assert "no certificate speaks for remove, review" in reasons(two, two.strategy)
    unread = tmp_path / "unread.yaml"
    unread.write_text("strategy: a\nversion: 1\nlet: {x: 1}\nrules:\n  - {id: all, then: allow}\n")
    assert reasons(two, unread) == ""


@pytest.mark.parametrize(
    ("limit", "only", "left_out", "remedy"),
    [
        (OVERKILL, (), "review", "--leakage-at-most"),
        (LEAKAGE, (), "remove", "--overkill-at-most"),
        (LEAKAGE, ("review",), "remove", "--overkill-at-most"),
    ],
)
def test_a_threshold_that_one_limit_says_nothing_about_has_no_certificate(
    two: World, tmp_path: Path, limit: Limit, only: tuple[str, ...], left_out: str, remedy: str
) -> None:
    target = certified(two, tmp_path, tuned(two, limit, only=only))
    said = reasons(two, target)
    assert said.count("has no certificate") == 1
    assert f"{target}, field 'let.{left_out}'" in said
    assert f"the threshold '{left_out}' has no certificate: tuned.certificate.json is about" in said
    assert f"`tidegate tune` with {remedy} as well" in said
    older = json.loads(certificate_path(target).read_text(encoding="utf-8"))
    del older["speaks_for"]
    certificate_path(target).write_text(json.dumps(older), encoding="utf-8")
    assert reasons(two, target) == said


def test_a_number_that_stays_is_spoken_for_where_a_limit_rests_on_it(
    two: World, build: Build, tmp_path: Path
) -> None:
    assert tuned(two, OVERKILL, LEAKAGE, only=("review",)).speaks_for == ("remove", "review")
    made = build(THREE, spam=True)
    found = tuned(made, Limit("overkill_rate", 0.2), only=("hate",))
    assert list(found.numbers) == ["hate"]
    assert found.speaks_for == ("hate", "spam")
    said = reasons(made, certified(made, tmp_path, found))
    assert said.count("has no certificate") == 1
    assert "'review' has no certificate" in said  # and of `unused_here`, which no rule reads, nothing is said


@pytest.mark.parametrize(
    ("when", "warned"),
    [
        ("text.hate >= 0.9", True),
        ("item.views > 10 and not text.hate < 0.9", True),
        ("text.hate between 0.4 and 0.6", True),
        ("text.hate >= :sure", False),
        ("item.views > 1000", False),
        ("text.hate is null", False),
    ],
)
def test_thresholds_written_into_rules_have_no_certificate(
    two: World, tmp_path: Path, when: str, warned: bool
) -> None:
    path = tmp_path / "bare.yaml"
    rules = f'  - {{id: some, when: "{when}", then: remove}}\n  - {{id: all, then: allow}}\n'
    path.write_text("strategy: a\nversion: 1\nlet: {sure: 0.97}\nrules:\n" + rules)
    said = "no certificate speaks for the thresholds written into 'some'" in reasons(two, path)
    assert said == warned


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("text.hate >= :review", "text.hate > :review", "rules are not those"),
        ("then: allow", "then: inform", "rules are not those"),
        ("version: 4", "version: 5", ""),
        ("# Two thresholds.", "# Changed.", ""),
        ("rules:", "  another: 3\nrules:", "'another' has no certificate"),
    ],
)
def test_a_changed_strategy_is_told_apart_from_a_reworded_one(
    two: World, written: Written, old: str, new: str, what: str
) -> None:
    target, _ = written
    text = target.read_text(encoding="utf-8")
    assert old in text
    target.write_text(text.replace(old, new), encoding="utf-8")
    assert what in reasons(two, target)
    assert bool(what) == bool(reasons(two, target))


def test_another_number_than_the_certified_one_is_named(two: World, written: Written) -> None:
    target, content = written
    text = target.read_text(encoding="utf-8")
    target.write_text(with_numbers(text, {"review": 0.123}), encoding="utf-8")
    assert f"'review' is 0.123, but {content['let']['review']} was certified" in reasons(two, target)


def test_an_old_certificate_expires_and_another_detector_voids_it(two: World, written: Written) -> None:
    target, content = written
    assert "expired" in reasons(two, target, NOW + timedelta(days=90))
    content["detectors"]["text"] = "0"
    certificate_path(target).write_text(json.dumps(content), encoding="utf-8")
    assert "the detector text was 0 and is 1" in reasons(two, target)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "another"}', "\x00"])
def test_a_broken_certificate_is_a_warning_not_a_crash(two: World, written: Written, text: str) -> None:
    target, _ = written
    certificate_path(target).write_text(text, encoding="utf-8")
    assert "cannot be read" in reasons(two, target)


def test_groups_go_to_a_folder_one_file_each(two: World, found_of_two: Tuning, tmp_path: Path) -> None:
    found = found_of_two
    groups = [replace(found, group={"language": name}) for name in ("en", "zh/Hant")]
    assert targets(two.strategy, groups, tmp_path) == [
        tmp_path / "text.en.yaml",
        tmp_path / "text.zh~2fHant.yaml",
    ]
    assert targets(two.strategy, groups, None)[0] == two.strategy.with_name("text.en.yaml")
    with pytest.raises(MeasureError, match="numbers of its own"):
        targets(two.strategy, groups, two.strategy)
    assert targets(two.strategy, [found], None) == [two.strategy]


def test_the_hash_of_the_conditions_is_that_of_what_decides(two: World, found_of_two: Tuning) -> None:
    bench = set_up_trial(two.run, two.strategy).bench
    same = load_strategy(with_numbers(TWO, {"review": 0.1}), catalog=bench.catalog)
    assert conditions_hash(same) == conditions_hash(bench.strategy)
    plain = certificate(
        found_of_two,
        bench.catalog,
        run=two.run.root,
        confidence=0.95,
        reviewers=Reviewers(),
        cost={},
        made_at=NOW,
        expires=timedelta(days=1),
    )
    assert plain["strategy"]["conditions"] == conditions_hash(same)


def test_held_items_are_those_that_people_see(two: World, found_of_two: Tuning) -> None:
    found = found_of_two
    outcome = outcomes(two, {**plain_numbers(TWO), **found.numbers})
    assert found.automated == pytest.approx(float((outcome != HELD).mean()))
