"""What the judge found of one item, as it is kept and as the detector's columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import orjson

from tidegate.policy.model import Policy
from tidegate.signals.judge.answer import Verdict
from tidegate.tables import SignalField, SignalType

TAKEN_FROM, COST = "propagated_from", "cost"

OVERALL = (
    SignalField(
        "violates", SignalType.BOOLEAN, "Whether it violates any of the policies, in the model's words."
    ),
    SignalField("policy", SignalType.TEXT, "The policy that it violates with the highest probability."),
    SignalField("clause", SignalType.TEXT, "The clause cited, of that policy or of the likeliest."),
    SignalField(
        "severity", SignalType.TEXT, "low, medium, high or critical; null where nothing is violated."
    ),
    SignalField("evidence", SignalType.TEXT, "The words of the item that violate."),
    SignalField("rationale", SignalType.TEXT, "Why, in the model's words."),
    SignalField(TAKEN_FROM, SignalType.TEXT, "The near duplicate that was judged in its place."),
    SignalField(COST, SignalType.NUMBER, "What was paid for this item.", "US dollars"),
)


@dataclass(frozen=True)
class Judgement:
    """Verdicts and the probability that each policy is violated, by policy id."""

    verdicts: Mapping[str, Verdict]
    probabilities: Mapping[str, float]

    def dumps(self) -> str:
        verdicts = {name: asdict(verdict) for name, verdict in self.verdicts.items()}
        return orjson.dumps({"verdicts": verdicts, "probabilities": dict(self.probabilities)}).decode()

    @classmethod
    def loads(cls, text: str) -> Judgement:
        found = orjson.loads(text)
        verdicts = {name: Verdict(**verdict) for name, verdict in found["verdicts"].items()}
        return cls(verdicts, found["probabilities"])


def column_of(policy_id: str) -> str:
    """The field that holds a policy's probability: `hateful_behaviour` for `hateful-behaviour`."""
    return policy_id.replace("-", "_")


def fields_of(policies: Sequence[Policy]) -> tuple[SignalField, ...]:
    probabilities = tuple(
        SignalField(
            column_of(policy.id),
            SignalType.NUMBER,
            f"Probability that it violates the policy {policy.id}.",
            "probability",
            harm=policy.harm,
            threshold=0.5,
        )
        for policy in policies
    )
    return probabilities + OVERALL


def row_of(judgement: Judgement) -> dict[str, object]:
    """The fields of a judgement, but for where it comes from and what it cost."""
    probabilities, verdicts = judgement.probabilities, judgement.verdicts
    violated = [name for name, verdict in verdicts.items() if verdict.violates]
    likeliest = max(violated or probabilities, key=lambda name: probabilities[name])
    verdict = verdicts[likeliest]
    return {
        **{column_of(name): probability for name, probability in probabilities.items()},
        "violates": bool(violated),
        "policy": likeliest if violated else None,
        "clause": verdict.clause,
        "severity": verdict.severity,
        "evidence": verdict.evidence or None,
        "rationale": verdict.rationale or None,
    }
