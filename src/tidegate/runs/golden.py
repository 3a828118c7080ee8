"""What a strategy does with the golden cases of its workspace's policies, and what another did."""

from __future__ import annotations

import polars as pl

from tidegate.policy.golden import golden_items
from tidegate.policy.ladder import Outcome
from tidegate.policy.load import load_policies
from tidegate.policy.model import PolicySet
from tidegate.runs.bench import Bench
from tidegate.strategy import decide_online

STOPPED = ("actioned", "held")


def golden_outcomes(bench: Bench, policies: PolicySet | None = None) -> pl.DataFrame:
    """How each golden case of the policies that its rules name ends, or of all where they name none.

    Columns are case, policy, violates, action, rule, outcome. Where `policies` are given, all their cases
    are decided, and those of the workspace are not read.

    Raises:
        PolicyError: a policy of the workspace is not whole.
    """
    given = policies is not None
    policies = policies or load_policies(bench.workspace.policies, bench.workspace.ladder)
    items = golden_items(policies)
    cases = [(case.id, policy, case.violates) for policy in policies for case in policies.golden[policy]]
    named = {rule.policy for rule in bench.strategy.rules if rule.policy is not None}
    if named and not given:
        kept = [policy in named for _, policy, _ in cases]
        items, cases = items.filter(pl.Series(kept)), [case for case in cases if case[1] in named]
    decided = decide_online(bench.strategy, items, bench.ask, catalog=bench.catalog)
    ladder = bench.workspace.ladder
    actions = [ladder.review if one.rule is None else one.rule.then for one in decided]
    return pl.DataFrame(
        {
            "case": [case for case, _, _ in cases],
            "policy": [policy for _, policy, _ in cases],
            "violates": [violates for _, _, violates in cases],
            "action": actions,
            "rule": [None if one.rule is None else one.rule.id for one in decided],
            "outcome": [ladder[action].outcome.value for action in actions],
        }
    )


def not_allowed(bench: Bench) -> list[str]:
    """Of rules that act as the policy that they enforce does not allow. Sending to review always is.

    Raises:
        PolicyError: a policy of the workspace is not whole.
    """
    ladder = bench.workspace.ladder
    policies = load_policies(bench.workspace.policies, ladder)
    found = []
    for rule in bench.strategy.rules:
        policy = policies[rule.policy] if rule.policy is not None and rule.policy in policies else None
        held = ladder[rule.then].outcome is Outcome.HELD
        if policy is not None and rule.then not in policy.actions and not held:
            found.append(
                f"rule '{rule.id}' (line {rule.line}) does '{rule.then}', which the policy '{policy.id}' "
                f"does not allow: it allows {', '.join(policy.actions)}"
            )
    return found


def by_policy(outcomes: pl.DataFrame) -> pl.DataFrame:
    """One row per policy: its violating cases and those stopped or held, its fine ones and those acted on."""
    violates, stopped = pl.col("violates"), pl.col("outcome").is_in(STOPPED)
    return outcomes.group_by("policy", maintain_order=True).agg(
        violating=violates.sum(),
        stopped_or_held=(violates & stopped).sum(),
        fine=(~violates).sum(),
        actioned=(~violates & (pl.col("outcome") == "actioned")).sum(),
    )


def in_short(outcomes: pl.DataFrame) -> str:
    """One sentence: of what violates, how much is stopped or held; of what is fine, how much is stopped."""
    violating, fine = outcomes.filter("violates"), outcomes.filter(~pl.col("violates"))
    caught = violating.filter(pl.col("outcome").is_in(STOPPED)).height
    wrongly = fine.filter(pl.col("outcome") == "actioned").height
    return (
        f"Golden cases: of {violating.height} that violate {caught} are actioned or held; "
        f"of {fine.height} that are fine {wrongly} are actioned."
    )


def changed(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """The cases that end otherwise: case, policy, violates, before, after, rule (of the second)."""
    both = before.select("case", before="action").join(after, on="case", maintain_order="right")
    return both.filter(pl.col("before") != pl.col("action")).select(
        "case", "policy", "violates", "before", pl.col("action").alias("after"), "rule"
    )
