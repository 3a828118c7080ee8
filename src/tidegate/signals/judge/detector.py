"""The detector `judge`: items in, verdicts bound to the written policy out, or the reason why there is
none."""

from __future__ import annotations

import asyncio
import threading
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from tidegate.errors import SignalError, Where
from tidegate.policy.model import Policy
from tidegate.signals.detector import Example
from tidegate.signals.judge.answer import verdicts_of
from tidegate.signals.judge.apart import run_apart
from tidegate.signals.judge.asking import Bill, Line
from tidegate.signals.judge.breaker import Breaker
from tidegate.signals.judge.budget import Budget
from tidegate.signals.judge.calibration import NONE, Calibration
from tidegate.signals.judge.confidence import bounded, from_samples, from_tokens
from tidegate.signals.judge.duplicates import Fingerprint, fingerprint
from tidegate.signals.judge.failure import NoVerdictError
from tidegate.signals.judge.judgement import COST, TAKEN_FROM, Judgement, fields_of, row_of
from tidegate.signals.judge.prompt import Prompt
from tidegate.signals.judge.question import Question, Questioner
from tidegate.signals.judge.settings import Settings
from tidegate.signals.judge.store import Store, open_store
from tidegate.signals.judge.transport import Reply, open_client
from tidegate.tables import DetectorSpec

COST_MS = 500.0
"""Declared milliseconds of an item: what a server near by takes. Any judge is dearer than any model here."""

TOKENS_PER_LETTER, ITEM_TOKENS, ANSWER_TOKENS = 0.25, 150, 80
"""For the declared price alone; what was paid is told by the server."""


@dataclass
class Outcome:
    """What came of one question: a judgement or a reason, what it cost, and whose answer it took over."""

    judgement: Judgement | None = None
    reason: str | None = None
    bill: Bill = field(default_factory=Bill)
    taken_from: str | None = None


@dataclass
class Judge:
    """Judges items by `policies`. Keeps answers and spending in `store_path`; safe to ask from several
    threads. One that does not `remember` takes no answer from the store and keeps none, but spends all the
    same. A `patient` one waits out a pause of the server within `deadline_s`; where somebody waits for the
    answer, it had better not. `total` is what it has spent since it was set up."""

    name: str
    settings: Settings
    policies: tuple[Policy, ...]
    prompt: Prompt
    store_path: Path
    where: Where
    calibration: Calibration = NONE
    remember: bool = True
    patient: bool = True
    total: Bill = field(default_factory=Bill, init=False)

    def __post_init__(self) -> None:
        self._adding = threading.Lock()
        self.questions = Questioner(self.settings, self.policies, self.prompt)
        self.breaker = Breaker(self.settings.pause_after, self.settings.pause_s)

    @property
    def spec(self) -> DetectorSpec:
        settings, policies = self.settings, len(self.policies)
        tokens_in = int(len(self.questions.system) * TOKENS_PER_LETTER) + ITEM_TOKENS
        kinds = {"text", "query"} | ({"image"} if settings.images else set())
        return DetectorSpec(
            name=self.name,
            version=f"{settings.model} {self.questions.id[:12]}",
            fields=fields_of(self.policies),
            cost_ms=COST_MS,
            cost_money=settings.price(tokens_in, ANSWER_TOKENS * policies),
            kinds=frozenset(kinds),
            paid=COST,
        )

    @property
    def examples(self) -> Sequence[Example]:
        """None: what a model says is not ours to promise."""
        return ()

    def detect(self, items: pl.DataFrame) -> pl.DataFrame:
        outcomes = run_apart(lambda: self._judge_all(items.rows(named=True)))
        with self._adding:
            for outcome in outcomes:
                self.total.add(outcome.bill)
        spec = self.spec
        rows = [self._row(outcome) for outcome in outcomes]
        columns = {
            spec.column(one.name): pl.Series([row.get(one.name) for row in rows], dtype=one.type.dtype)
            for one in spec.fields
        }
        failures = pl.Series([outcome.reason for outcome in outcomes], dtype=pl.String)
        return pl.DataFrame(columns | {spec.failure_column: failures})

    def _row(self, outcome: Outcome) -> dict[str, object]:
        row: dict[str, object] = {COST: outcome.bill.money, TAKEN_FROM: outcome.taken_from}
        if outcome.judgement is None:
            return row
        calibrated = {
            name: self.calibration.probability(name, raw)
            for name, raw in outcome.judgement.probabilities.items()
        }
        return row_of(Judgement(outcome.judgement.verdicts, calibrated)) | row

    async def _judge_all(self, rows: Iterable[dict[str, Any]]) -> list[Outcome]:
        asked = list(rows)
        try:
            with open_store(self.store_path, self.settings.keep_days) as store:
                batch = Batch(self, store)
                try:
                    return await batch.outcomes(asked)
                finally:
                    await batch.close()
        except SignalError as error:
            # No key, no store: nobody has been asked, and every item waits for a person.
            return [Outcome(reason=error.what) for _ in asked]


class Batch:
    """One batch on its way: what is known already, who leads a group of near duplicates, who is asked."""

    def __init__(self, judge: Judge, store: Store) -> None:
        self.judge, self.store = judge, store
        self.settings, self.questions = judge.settings, judge.questions
        client = open_client(self.settings.base_url, self.settings.key_env, judge.where)
        budget = Budget(self.settings, store, judge.name)
        self.line = Line(client, self.settings, judge.breaker, budget, judge.patient)
        self.places = asyncio.Semaphore(self.settings.concurrency)
        self.prints: dict[str, Fingerprint | None] = {}
        self.leaders: dict[tuple[str, int], list[Question]] = defaultdict(list)

    async def close(self) -> None:
        await self.line.client.close()

    async def outcomes(self, rows: Sequence[dict[str, Any]]) -> list[Outcome]:
        """One outcome per row, in their order."""
        found: list[Outcome | None] = [None] * len(rows)
        asked: dict[str, list[int]] = {}
        by_key: dict[str, Question] = {}
        for place, row in enumerate(rows):
            try:
                question = self.questions.question(row)
            except NoVerdictError as error:
                found[place] = Outcome(reason=error.reason)
                continue
            # Nothing to judge is no failure: the judge has read it, and found nothing.
            if question.settled:
                found[place] = Outcome()
            elif (known := self._remembered(question)) is not None:
                found[place] = Outcome(Judgement.loads(known))
            else:
                asked.setdefault(question.key, []).append(place)
                by_key.setdefault(question.key, question)
        for key, outcome in (await self._all(list(by_key.values()))).items():
            first, *others = asked[key]
            found[first] = outcome
            for place in others:
                found[place] = Outcome(outcome.judgement, outcome.reason, taken_from=outcome.taken_from)
        return [outcome or Outcome() for outcome in found]

    async def _all(self, questions: Sequence[Question]) -> dict[str, Outcome]:
        """Outcomes by key: leaders are asked, those who are alike follow; who follows a failure is asked
        too."""
        outcomes: dict[str, Outcome] = {}
        leaders: list[Question] = []
        followers: list[tuple[Question, Question]] = []
        for question in questions:
            like = self._known_alike(question)
            if like is not None:
                outcomes[question.key] = like
                continue
            leader = self._leader_of(question)
            if leader is None:
                leaders.append(question)
                self._lead(question)
            else:
                followers.append((question, leader))
        outcomes |= await self._asked(leaders)
        left: list[Question] = []
        for question, leader in followers:
            led = outcomes[leader.key]
            if led.judgement is None:
                left.append(question)
            else:
                outcomes[question.key] = self._taken(led.judgement, question, leader.item_id)
        return outcomes | await self._asked(left)

    async def _asked(self, questions: Sequence[Question]) -> dict[str, Outcome]:
        found = await asyncio.gather(*(self._one(question) for question in questions))
        return {question.key: outcome for question, outcome in zip(questions, found, strict=True)}

    async def _one(self, question: Question) -> Outcome:
        bill = Bill()
        async with self.places:
            try:
                async with asyncio.timeout(self.settings.deadline_s):
                    judgement = await self._judgement(question, bill)
            except TimeoutError:
                return Outcome(reason=f"no answer within {self.settings.deadline_s:g} s", bill=bill)
            except NoVerdictError as error:
                return Outcome(reason=error.reason, bill=bill)
        if self.judge.remember:
            self._keep(question, judgement)
        return Outcome(judgement, bill=bill)

    async def _judgement(self, question: Question, bill: Bill) -> Judgement:
        policies = self.judge.policies
        tokens_in = self.questions.tokens_in(question)
        reply = await self.line.ask(self.questions.request(question), tokens_in, bill)
        self.questions.check_read(reply.tokens_in)
        verdicts = verdicts_of(reply.text, policies, question.quotable)
        told = {policy.id: self._from_tokens(reply, policy) for policy in policies}
        if self.settings.confidence != "none" and self.settings.samples and None in told.values():
            votes = await self._votes(question, tokens_in, bill)
            told = {name: from_samples(votes[name]) if p is None else p for name, p in told.items()}
        words = {name: bounded(float(verdict.violates)) for name, verdict in verdicts.items()}
        probabilities = {name: words[name] if p is None else p for name, p in told.items()}
        return Judgement(verdicts, probabilities)

    def _from_tokens(self, reply: Reply, policy: Policy) -> float | None:
        if self.settings.confidence != "tokens":
            return None
        return from_tokens(reply.tokens, reply.text, policy.id)

    async def _votes(self, question: Question, tokens_in: int, bill: Bill) -> dict[str, list[bool]]:
        """What repeated answers say of each policy. One that cannot be had ends it: half a poll is none."""
        votes: dict[str, list[bool]] = {policy.id: [] for policy in self.judge.policies}
        for sample in range(self.settings.samples):
            bill.samples += 1
            reply = await self.line.ask(self.questions.request(question, sample), tokens_in, bill)
            self.questions.check_read(reply.tokens_in)
            for name, verdict in verdicts_of(reply.text, self.judge.policies, question.quotable).items():
                votes[name].append(verdict.violates)
        return votes

    def _keep(self, question: Question, judgement: Judgement) -> None:
        like = self._print(question)
        self.store.keep(
            question.key,
            question.realm,
            question.item_id,
            judgement.dumps(),
            None if like is None else like.signature.tobytes(),
            "" if like is None else like.negations,
            [] if like is None else like.bands,
        )

    def _remembered(self, question: Question) -> str | None:
        return self.store.answer(question.key) if self.judge.remember else None

    def _print(self, question: Question) -> Fingerprint | None:
        """The fingerprint of a text that may take over another's answer, or lend its own."""
        if not self.settings.near_duplicates or question.picture is not None or question.context:
            return None
        if question.key not in self.prints:
            self.prints[question.key] = fingerprint(question.text)
        return self.prints[question.key]

    def _known_alike(self, question: Question) -> Outcome | None:
        like = self._print(question)
        if like is None:
            return None
        for key, item_id, signature, negations in self.store.alike(question.realm, like.bands):
            other = Fingerprint(np.frombuffer(signature, dtype=np.uint64), negations)
            if like.similarity(other) >= self.settings.near_duplicates:
                kept = self.store.answer(key)
                if kept is not None:
                    return self._taken(Judgement.loads(kept), question, item_id)
        return None

    def _lead(self, question: Question) -> None:
        """Let others of the batch follow this question."""
        own = self._print(question)
        for band in own.bands if own is not None else ():
            self.leaders[question.realm, band].append(question)

    def _leader_of(self, question: Question) -> Question | None:
        own = self._print(question)
        if own is None:
            return None
        for leader in (one for band in own.bands for one in self.leaders[question.realm, band]):
            other = self._print(leader)
            if other is not None and own.similarity(other) >= self.settings.near_duplicates:
                return leader
        return None

    @staticmethod
    def _taken(judgement: Judgement, question: Question, item_id: str) -> Outcome:
        """Another's judgement, without words that this item does not say."""
        text = question.text.casefold()
        verdicts = {
            name: verdict
            if verdict.evidence.casefold() in text
            else type(verdict)(verdict.violates, verdict.clause, verdict.severity, "", verdict.rationale)
            for name, verdict in judgement.verdicts.items()
        }
        return Outcome(Judgement(verdicts, judgement.probabilities), taken_from=item_id)
