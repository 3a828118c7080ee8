"""What may be spent in a day: reserved before a request is sent, corrected when its usage is known."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tidegate.signals.judge.failure import NoVerdictError
from tidegate.signals.judge.settings import Settings
from tidegate.signals.judge.store import Store

LETTERS_PER_TOKEN = 2.0
"""Fewer than any usual tokeniser makes of Latin text, so that a reservation is seldom too small."""

TOKENS_PER_WIDE = 2.0
"""For a letter beyond Latin: byte-level tokenisers take up to three tokens for a rare one, mostly one or
two."""

MOST_LETTERS_PER_TOKEN, LEAST_PER_WIDE = 6.0, 0.4
"""The other bound, for prose: English comes to four or five letters a token, Chinese to half a token a letter
and more."""


@dataclass(frozen=True)
class Reservation:
    tokens: int
    money: float


class Budget:
    """The day's spending of one judge."""

    def __init__(self, settings: Settings, store: Store, judge: str) -> None:
        self.settings, self.store, self.judge = settings, store, judge
        self.most = (settings.tokens_per_day or math.inf, settings.money_per_day or math.inf)

    def reserve(self, tokens_in: int, tokens_out: int) -> Reservation:
        """Set aside what a request may cost at most.

        Raises:
            NoVerdictError: it would go past the budget.
        """
        held = Reservation(tokens_in + tokens_out, self.settings.price(tokens_in, tokens_out))
        if not self.store.reserve(self.judge, held.tokens, held.money, self.most):
            raise NoVerdictError("the day's budget is spent")
        return held

    def settle(self, held: Reservation, tokens_in: int | None, tokens_out: int | None) -> float:
        """Correct a reservation by the usage that the server tells; without one it stands. Gives the
        price."""
        if tokens_in is None or tokens_out is None:
            return held.money
        money = self.settings.price(tokens_in, tokens_out)
        self.store.correct(self.judge, tokens_in + tokens_out - held.tokens, money - held.money)
        return money

    def release(self, held: Reservation) -> None:
        """Give back all of it: the request was not worked on."""
        self.store.correct(self.judge, -held.tokens, -held.money)


def tokens_at_most(text: str) -> int:
    """How many tokens a text may be, before a server has counted them."""
    wide = sum(letter > "\u024f" for letter in text)
    return math.ceil((len(text) - wide) / LETTERS_PER_TOKEN + wide * TOKENS_PER_WIDE)


def tokens_at_least(text: str) -> int:
    """How many tokens prose is at least: fewer than any usual tokeniser makes of it."""
    wide = sum(letter > "\u024f" for letter in text)
    return int((len(text) - wide) / MOST_LETTERS_PER_TOKEN + wide * LEAST_PER_WIDE)
