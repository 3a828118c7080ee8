"""Edits through an optimiser, GEPA of dspy: reflective search over the wordings of one clause.

L. Agrawal et al. 2025, GEPA: Reflective prompt evolution can outperform reinforcement learning. The clause is
the instruction that is evolved, this judge the program that runs on it, people's labels and reviewers'
reasons the feedback. Only posts of the half that teaches are used. New wordings are asked for through
`propose`, so that posts stay set apart as data, and budget, deadlines and retries hold as they do elsewhere:
dspy searches, and never speaks to the model itself.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from tidegate.errors import PolicyError, SignalError
from tidegate.policy.model import ClauseKind, Policy
from tidegate.runs.judging.cases import of_policy, put
from tidegate.runs.judging.improving import Cluster, Lessons
from tidegate.signals.judge.detector import Judge
from tidegate.signals.judge.failure import NoVerdictError
from tidegate.signals.judge.propose import Edit, Wrong, propose

MOST_POSTS = 12
"""So many that the judge gets wrong teach, and as many that it gets right hold an edit back."""

MOST_VERDICTS = 160
"""What a search may ask of the judge."""

MOST_WORDINGS = 8
"""So often it asks the model for one."""


def by_dspy(judge: Judge, policy: Policy, cluster: Cluster, lessons: Lessons) -> Edit:
    """The best wording that a search over the half that teaches finds; it is tried on the other half.

    Raises:
        NoVerdictError: it finds none better than the wording that stands. SignalError: dspy is not installed.
    """
    try:
        import dspy
    except ImportError as error:
        raise SignalError("dspy is not installed", remedy="pip install 'tidegate[dspy]'") from error
    search = Search(judge, policy, cluster, lessons)
    with _quiet(dspy):
        optimiser = dspy.GEPA(
            metric=lambda gold, pred, *_: dspy.Prediction(score=pred.score, feedback=pred.feedback),
            instruction_proposer=search.reworded,
            max_metric_calls=MOST_VERDICTS,
            num_threads=judge.settings.concurrency,
            skip_perfect_score=True,
            use_merge=False,
            seed=0,
        )
        posts = [dspy.Example(post=one.text).with_inputs("post") for one in search.posts]
        program = _program(dspy, search)
        found = optimiser.compile(program, trainset=posts, valset=posts)
    return search.edit(found.judged.signature.instructions)


@dataclass(frozen=True)
class Post:
    text: str
    violates: bool
    wrong: bool


@dataclass
class Search:
    """A search for the wording of one clause; `tried` holds what the judge said of a post under a wording,
    `reason` and `fault` why the model last gave none."""

    judge: Judge
    policy: Policy
    cluster: Cluster
    lessons: Lessons
    tried: dict[tuple[str, str], tuple[float, str]] = field(default_factory=dict)
    proposed: dict[str, Edit] = field(default_factory=dict)
    asked: int = 0
    reason: NoVerdictError | None = None
    fault: Exception | None = None

    def __post_init__(self) -> None:
        self.clause = _clause(self.policy, self.cluster)
        self.language = self.judge.settings.language
        self.seed = self.policy.clause(self.clause).text[self.language]
        self.posts = _posts(self.cluster, self.lessons)
        self.truth = {one.text: one.violates for one in self.posts}

    def tell(self, wording: str, text: str) -> tuple[float, str]:
        """1 where the judge that reads this wording decides as people do, else 0; and what to learn of it."""
        if (wording, text) not in self.tried:
            self.tried[wording, text] = self._told(wording, text)
        return self.tried[wording, text]

    def _told(self, wording: str, text: str) -> tuple[float, str]:
        try:
            policy = self.policy if wording == self.seed else self.lessons.reworded(self.clause, wording)
        except PolicyError:
            return 0.0, "This is no wording of a clause."
        found = put(of_policy(self.judge, policy), [text])
        if not found.answered[0]:
            return 0.0, f"The judge has no answer: {found.reasons[0]}."
        right = bool(found.violates[0]) == self.truth[text]
        people = "violates" if self.truth[text] else "does not violate"
        return float(right), f"People say that it {people}; the judge {'agrees' if right else 'does not'}."

    def reworded(
        self,
        candidate: dict[str, str],
        reflective_dataset: Mapping[str, Sequence[Mapping[str, Any]]],
        components_to_update: list[str],
    ) -> dict[str, str]:
        """A new wording after a look at some posts: what GEPA calls to propose; the names are its own.

        GEPA swallows what goes wrong here and goes on, so that is kept, and raised by `edit`.
        """
        (name,) = components_to_update
        self.asked += 1
        if self.asked > MOST_WORDINGS:
            return {name: candidate[name]}
        try:
            return {name: self._reworded(candidate[name], reflective_dataset[name])}
        except NoVerdictError as error:
            self.reason = error
            return {name: candidate[name]}
        except Exception as error:
            self.fault = error
            raise

    def _reworded(self, standing: str, reflected: Sequence[Mapping[str, Any]]) -> str:
        seen = [str(one["Inputs"]["post"]) for one in reflected]
        wrong = [text for text in seen if not self.tell(standing, text)[0]]
        missed = [text for text in wrong if self.truth[text]]
        kind = Wrong.MISSED if missed else Wrong.STOPPED if wrong else self.cluster.wrong
        policy = self.policy if standing == self.seed else self.lessons.reworded(self.clause, standing)
        edit = propose(
            self.judge,
            policy,
            self.clause,
            kind,
            missed or wrong or seen,
            self.cluster.reasons,
            only=self.clause,
        )
        self.proposed[edit.text] = edit
        return edit.text

    def edit(self, wording: str) -> Edit:
        if self.fault is not None:
            raise self.fault
        if wording not in self.proposed:
            raise self.reason or NoVerdictError("the search found no better wording")
        by = f"{self.judge.settings.model} through dspy"
        return replace(self.proposed[wording], clause=self.clause, by=by)


def _clause(policy: Policy, cluster: Cluster) -> str:
    """That which the judge cited; where it cited none, the first that speaks of such posts."""
    if cluster.clause in {one.id for one in policy.clauses}:
        return cluster.clause
    kind = ClauseKind.DOES_NOT if cluster.wrong is Wrong.STOPPED else ClauseKind.VIOLATES
    return next(one.id for one in policy.clauses if one.kind is kind)


def _posts(cluster: Cluster, lessons: Lessons) -> list[Post]:
    chance = np.random.default_rng(0)
    places = chance.permutation(len(lessons.items))[:MOST_POSTS]
    texts = lessons.items["text"]
    violates = cluster.wrong is Wrong.MISSED
    wrong = [Post(text, violates, True) for text in cluster.texts[:MOST_POSTS]]
    return wrong + [Post(texts[int(place)], bool(lessons.truth[place]), False) for place in places]


def _program(dspy: Any, search: Search) -> Any:
    """A program of dspy whose one predictor is this judge, and whose instruction is the clause."""

    class Judging(dspy.Predict):  # type: ignore[misc]
        def forward(self, **given: Any) -> Any:
            score, feedback = search.tell(self.signature.instructions, given["post"])
            found = dspy.Prediction(verdict=str(score), score=score, feedback=feedback)
            if dspy.settings.trace is not None:
                dspy.settings.trace.append((self, {"post": given["post"]}, found))
            return found

    class Program(dspy.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.judged = Judging(dspy.Signature("post -> verdict", search.seed))

        def forward(self, post: str) -> Any:
            return self.judged(post=post)

    return Program()


@contextmanager
def _quiet(dspy: Any) -> Iterator[None]:
    """Nothing of a post is kept on disk, in a history or in a log, and no bar is drawn."""
    loggers = [logging.getLogger(name) for name in ("dspy", "gepa")]
    levels = [one.level for one in loggers]
    for one in loggers:
        one.setLevel(logging.ERROR)
    dspy.configure_cache(enable_disk_cache=False, enable_memory_cache=False)
    try:
        with dspy.context(disable_history=True), redirect_stderr(io.StringIO()):
            yield
    finally:
        for one, level in zip(loggers, levels, strict=True):
            one.setLevel(level)
