"""The ladder of a workspace: what tidegate.toml may add, change, and what it may not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.errors import WorkspaceError
from tidegate.policy.ladder import LADDER, Action, Ladder, Outcome
from tidegate.policy.settings import ladder_from

SHIPPED = "allow 0, inform 10, label 20, age_restrict 30, limit_reach 40, review 50, remove 60"


def test_without_settings_the_ladder_is_the_shipped_one():
    assert ladder_from({}) == LADDER


def test_a_new_step_takes_its_place_by_severity():
    ladder = ladder_from({"blur": {"severity": 25, "outcome": "actioned", "doc": "Blurred."}})

    assert ladder.names == (
        "allow", "inform", "label", "blur", "age_restrict", "limit_reach", "review", "remove",
    )  # fmt: skip
    assert ladder["blur"] == Action("blur", 25, Outcome.ACTIONED, "Blurred.")


def test_a_known_step_keeps_what_its_entry_leaves_out():
    ladder = ladder_from({"label": {"severity": 45}})

    assert ladder["label"] == Action("label", 45, Outcome.ACTIONED, LADDER["label"].doc)
    assert ladder.names.index("label") > ladder.names.index("limit_reach")


def test_two_steps_may_change_places():
    ladder = ladder_from({"label": {"severity": 10}, "inform": {"severity": 20}})

    assert ladder.names[:3] == ("allow", "label", "inform")


def test_an_unknown_step_is_a_key_error():
    with pytest.raises(KeyError):
        LADDER["ban"]


MISTAKES = {
    "name": (
        {"Blur it": {"severity": 25, "outcome": "actioned"}},
        "tidegate.toml, field 'ladder.Blur it': 'Blur it' cannot name an action\n"
        "  → Use lower-case letters, digits and underscores, as in warn_author.",
    ),
    "no section": (
        {"blur": 25},
        "tidegate.toml, field 'ladder.blur': a step of the ladder must be a section\n"
        '  → Write [ladder.blur] with severity = 25 and outcome = "actioned", say.',
    ),
    "unknown key": (
        {"blur": {"severty": 25}},
        "tidegate.toml, field 'ladder.blur.severty': unknown key 'severty'\n"
        "  → Did you mean 'severity'? Keys are severity, outcome, doc.",
    ),
    "missing severity": (
        {"blur": {"outcome": "actioned"}},
        "tidegate.toml, field 'ladder.blur.severity': a severity must be a whole number, 0 or more\n"
        f"  → Write severity = 25, say. The ladder has {SHIPPED}.",
    ),
    "severity that is a truth value": (
        {"blur": {"severity": True, "outcome": "actioned"}},
        "tidegate.toml, field 'ladder.blur.severity': a severity must be a whole number, 0 or more\n"
        f"  → Write severity = 25, say. The ladder has {SHIPPED}.",
    ),
    "unknown outcome": (
        {"blur": {"severity": 25, "outcome": "actiond"}},
        "tidegate.toml, field 'ladder.blur.outcome': an outcome says what becomes of the item\n"
        "  → Did you mean 'actioned'? Write one of passed, actioned, held.",
    ),
    "doc that is no text": (
        {"blur": {"severity": 25, "outcome": "actioned", "doc": 7}},
        "tidegate.toml, field 'ladder.blur.doc': doc must be text\n"
        '  → Write doc = "What it does to the item."',
    ),
    "severity taken": (
        {"blur": {"severity": 20, "outcome": "actioned"}},
        "tidegate.toml, field 'ladder.blur.severity': the severity 20 is already that of 'label'\n"
        "  → Take a free number. The ladder has allow 0, inform 10, label 20, blur 20, age_restrict 30, "
        "limit_reach 40, review 50, remove 60.",
    ),
    "nothing holds": (
        {"review": {"outcome": "passed"}},
        "tidegate.toml, field 'ladder': no action holds an item for review\n"
        "  → Keep one action with outcome = 'held': failed detectors send their items there.",
    ),
}


@pytest.mark.parametrize(("settings", "message"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_answered_with_place_and_remedy(settings, message):
    with pytest.raises(WorkspaceError) as error:
        ladder_from(settings, "tidegate.toml")

    assert str(error.value) == message


def test_a_step_cannot_stand_on_the_ladder_twice():
    with pytest.raises(WorkspaceError, match="the action 'review' is defined twice"):
        Ladder((Action("review", 1, Outcome.HELD), Action("review", 2, Outcome.HELD)))


names = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
steps = st.dictionaries(
    names,
    st.fixed_dictionaries({"severity": st.integers(0, 200), "outcome": st.sampled_from(list(Outcome))}),
    max_size=6,
)


@given(steps)
def test_a_ladder_holds_all_steps_in_strict_order_of_severity_or_is_refused(settings):
    try:
        ladder = ladder_from(settings)
    except WorkspaceError:
        return
    severities = [action.severity for action in ladder]
    assert severities == sorted(set(severities))
    assert set(ladder.names) == {*LADDER.names, *settings}
    assert all(ladder[name].outcome is step["outcome"] for name, step in settings.items())
    assert ladder[ladder.review].outcome is Outcome.HELD
