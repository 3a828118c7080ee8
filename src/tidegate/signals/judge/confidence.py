"""How probable "violates" is: from the log-probabilities of the verdict's token, or from repeated answers."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tidegate.signals.judge.answer import json_start

WORDS = {"yes": True, "no": False}
LEAST, MOST = 1e-6, 1 - 1e-6
"""No model is certain: a probability of 0 or 1 could never be calibrated."""


@dataclass(frozen=True)
class Token:
    """One token of an answer, its log-probability, and those of the likeliest tokens at its place."""

    text: str
    logprob: float
    likeliest: Mapping[str, float]


def from_tokens(tokens: Sequence[Token], text: str, policy_id: str) -> float | None:
    """P(yes) / (P(yes) + P(no)) at the verdict on a policy; None where the tokens do not tell.

    The likeliest tokens are those before a grammar narrows them. A word that is not among them is given the
    least likely one's probability, which it cannot exceed, so that what is not known pulls towards one half.
    """
    # Servers leave out of the text what is around it: a code fence, the token that ends the answer.
    offset = "".join(token.text for token in tokens).find(text)
    place = _place_of_verdict(text, policy_id)
    at = None if place is None or offset < 0 else _token_at(tokens, offset + place)
    if at is None:
        return None
    told: dict[bool, float] = {}
    for word, logprob in at.likeliest.items():
        meant = WORDS.get(_bare(word))
        if meant is not None:
            told[meant] = told.get(meant, 0.0) + math.exp(logprob)
    chosen = WORDS.get(_bare(at.text))
    if chosen is not None and at.text not in at.likeliest:
        told[chosen] = told.get(chosen, 0.0) + math.exp(at.logprob)
    if not told:
        return None
    least = math.exp(min(at.likeliest.values())) if at.likeliest else None
    if len(told) < len(WORDS) and least is None:
        return None
    yes, no = told.get(True, least), told.get(False, least)
    assert yes is not None
    assert no is not None
    return None if yes + no <= 0 else bounded(yes / (yes + no))


def from_samples(votes: Sequence[bool]) -> float:
    """(k + ½) / (n + 1) for k of n answers that say yes: the mean of Jeffreys' posterior."""
    return bounded((sum(votes) + 0.5) / (len(votes) + 1))


def bounded(probability: float) -> float:
    return min(max(probability, LEAST), MOST)


def _place_of_verdict(text: str, policy_id: str) -> int | None:
    start = json_start(text)
    if start < 0:
        return None
    found = re.compile(rf'"{re.escape(policy_id)}"\s*:\s*{{\s*"violates"\s*:\s*"(yes|no)"').search(
        text, start
    )
    return None if found is None else found.start(1)


def _token_at(tokens: Sequence[Token], place: int) -> Token | None:
    """The token in which the letter at `place` begins."""
    end = 0
    for token in tokens:
        end += len(token.text)
        if place < end:
            return token
    return None


def _bare(token: str) -> str:
    return token.strip(" \"'\n\t,}").lower()
