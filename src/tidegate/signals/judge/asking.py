"""One question put to the server until it is answered: tries, waits that grow, and one deadline over all."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from tidegate.signals.judge.breaker import Breaker
from tidegate.signals.judge.budget import Budget
from tidegate.signals.judge.failure import NoVerdictError
from tidegate.signals.judge.settings import Settings
from tidegate.signals.judge.transport import Reply, Unread, send

if TYPE_CHECKING:
    from openai import AsyncOpenAI

FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 20.0
LOOK_AGAIN_S = 0.1
"""How often one who waits looks whether the server is left alone still."""


@dataclass
class Bill:
    """What an item, or a job, has cost so far: US dollars, tokens and requests.

    Of the requests, `answered` got an answer, and `again` were sent because one before had not; `samples` are
    questions that were put anew for a probability.
    """

    money: float = 0.0
    tokens: int = 0
    requests: int = 0
    answered: int = 0
    again: int = 0
    samples: int = 0

    def add(self, other: Bill) -> None:
        for one in fields(self):
            setattr(self, one.name, getattr(self, one.name) + getattr(other, one.name))


@dataclass
class Line:
    """The way to the server that all questions of a batch share. One that is `patient` waits while the server
    is being left alone, where its deadline allows; another gives up at once."""

    client: AsyncOpenAI
    settings: Settings
    breaker: Breaker
    budget: Budget
    patient: bool = True
    chance: random.Random = field(default_factory=random.Random)

    async def ask(self, request: Mapping[str, Any], tokens_in: int, bill: Bill) -> Reply:
        """The reply to a request that holds at most `tokens_in` tokens; adds to `bill`, reply or not.

        The caller limits the time, and cancels it.

        Raises:
            NoVerdictError: with the reason of the last try.
        """
        for attempt in range(self.settings.tries):
            try:
                return await self._once(request, tokens_in, bill, again=attempt > 0)
            except NoVerdictError as error:
                if not error.again or attempt == self.settings.tries - 1:
                    raise
                await self._wait(attempt, error)
        raise AssertionError("there is at least one try")

    async def _once(self, request: Mapping[str, Any], tokens_in: int, bill: Bill, *, again: bool) -> Reply:
        trial = await self._let_through()
        try:
            held = self.budget.reserve(tokens_in, int(request["max_tokens"]))
        except BaseException:
            if trial:
                self.breaker.left_untried()
            raise
        bill.requests += 1
        bill.again += again
        try:
            reply = await send(self.client, request)
        except Unread as unread:
            self.breaker.succeeded()
            self._pay(bill, held.tokens, self.budget.settle(held, unread.tokens_in, unread.tokens_out))
            raise
        except NoVerdictError as error:
            if error.billed:
                self._pay(bill, held.tokens, held.money)
            else:
                self.budget.release(held)
            if error.server:
                self.breaker.failed(error.reason, passing=error.again, trial=trial)
            else:
                self.breaker.succeeded()
            raise
        except asyncio.CancelledError:
            # Out of time: the server may be at work on it still.
            self._pay(bill, held.tokens, held.money)
            self.breaker.failed("no answer in time", trial=trial)
            raise
        self.breaker.succeeded()
        bill.answered += 1
        tokens = held.tokens
        if reply.tokens_in is not None and reply.tokens_out is not None:
            tokens = reply.tokens_in + reply.tokens_out
        self._pay(bill, tokens, self.budget.settle(held, reply.tokens_in, reply.tokens_out))
        return reply

    async def _let_through(self) -> bool:
        """Wait until a request may be sent; whether it is to find out how the server is."""
        while True:
            try:
                return self.breaker.check()
            except NoVerdictError as error:
                paused = error
                if not (self.patient and self.breaker.is_worth_waiting(self.settings.deadline_s)):
                    raise
            try:
                await asyncio.sleep(LOOK_AGAIN_S)
            except asyncio.CancelledError:
                # Out of time: why it waited tells more than how long.
                raise paused from None

    async def _wait(self, attempt: int, error: NoVerdictError) -> None:
        """As long as the server asks, else a random time up to a bound that doubles (full jitter, so that
        many clients do not come back at once)."""
        if error.wait_s is not None and error.wait_s > self.settings.deadline_s:
            raise error
        bound = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2**attempt)
        await asyncio.sleep(error.wait_s if error.wait_s is not None else self.chance.uniform(0, bound))

    @staticmethod
    def _pay(bill: Bill, tokens: int, money: float) -> None:
        bill.tokens += tokens
        bill.money += money
