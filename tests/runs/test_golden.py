"""Golden cases through a strategy: how they end, and which end otherwise than by another."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from tidegate.cli.main import tidegate_command
from tidegate.runs.bench import set_up
from tidegate.runs.golden import by_policy, changed, golden_outcomes, in_short, not_allowed
from tidegate.runs.workspace import lay_out


@pytest.fixture
def site(tmp_path: Path) -> Path:
    lay_out(tmp_path / "site")
    strategies = tmp_path / "site" / "strategies"
    text = (strategies / "text.yaml").read_text()
    (strategies / "bolder.yaml").write_text(text.replace("remove: 0.85", "remove: 0.5", 1))
    return strategies


def test_every_golden_case_ends_somewhere(site: Path) -> None:
    outcomes = golden_outcomes(set_up(site / "text.yaml"))
    assert outcomes.height >= 9 * 40
    assert set(outcomes["outcome"]) <= {"passed", "actioned", "held"}
    assert outcomes["case"].is_unique().all()
    assert in_short(outcomes).startswith(f"Golden cases: of {outcomes['violates'].sum()} that violate")


def test_what_a_lower_threshold_changes_is_named(site: Path) -> None:
    before, after = (golden_outcomes(set_up(site / name)) for name in ("text.yaml", "bolder.yaml"))
    others = changed(before, after)
    assert others.height > 0
    assert (others["before"] != others["after"]).all()
    assert changed(before, before).is_empty()


def test_the_command_shows_both(site: Path) -> None:
    arguments = ["strategy", "check", str(site / "bolder.yaml"), "--against", str(site / "text.yaml")]
    done = CliRunner().invoke(tidegate_command, arguments)
    assert done.exit_code == 0, done.output
    assert "Golden cases: of" in done.output
    assert "ending otherwise than by" in done.output


def test_a_policy_that_is_not_whole_is_a_warning(site: Path) -> None:
    next((site.parent / "policies").glob("*.md")).write_text("no policy")
    done = CliRunner().invoke(tidegate_command, ["strategy", "check", str(site / "text.yaml")])
    assert done.exit_code == 0, done.output
    assert "the golden cases were not tried" in done.output


def test_the_cases_are_those_of_the_policies_that_the_rules_name(site: Path) -> None:
    one = site / "one.yaml"
    one.write_text(
        "strategy: one\nversion: 1\nrules:\n"
        "  - {id: sure, when: text.hate >= 0.9, then: remove, policy: hateful-behaviour}\n"
        "  - {id: otherwise, then: allow}\n"
    )
    outcomes = golden_outcomes(set_up(one))
    assert set(outcomes["policy"]) == {"hateful-behaviour"}
    (row,) = by_policy(outcomes).rows(named=True)
    assert row["violating"] + row["fine"] == outcomes.height >= 40


def test_an_action_that_the_policy_does_not_allow_is_warned_of(site: Path) -> None:
    policy = next((site.parent / "policies").glob("hateful-behaviour.md"))
    text = policy.read_text()
    allowed = next(line for line in text.splitlines() if line.startswith("actions:"))
    policy.write_text(text.replace(allowed, "actions: [allow, label, review]"))
    done = CliRunner().invoke(tidegate_command, ["strategy", "check", str(site / "text.yaml")])
    assert done.exit_code == 0, done.output
    warned = " ".join(done.output.split())
    assert "does 'remove', which the policy 'hateful-behaviour' does not allow" in warned
    assert not not_allowed(set_up("starter"))
