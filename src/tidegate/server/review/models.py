"""Questions to people, what they answered or passed over, and what they are skilled in."""

from __future__ import annotations

import uuid

from django.db import models

from tidegate.server.zones.managers import Scoped


class Kind(models.TextChoices):
    """What a task asks for. `rights.RIGHT` says who may be asked."""

    DECIDE = "decide"
    """The strategy could not: what is to be done about the item?"""
    AUDIT = "audit"
    """A draw of the audit: does the item violate? Blind, and changes nothing."""
    GOLD = "gold"
    """The answer is known: does the reviewer find it? Blind, and changes nothing."""
    APPEAL = "appeal"
    """Somebody objects to what was done: does it stand?"""
    ARBITRATE = "arbitrate"
    """Two answers differ: which holds?"""


BLIND = (Kind.AUDIT, Kind.GOLD)
"""Kinds that show no score, no decision and no author, and look like any other task."""


USEFUL, WRONG = "useful", "wrong"
"""What somebody says of what the machine found."""


class State(models.TextChoices):
    """Where a task stands. GONE: nobody needs the answer any more, since the item or the decision changed."""

    OPEN = "open"
    DONE = "done"
    GONE = "gone"


class Queue(models.Model):
    """That a zone has had tasks in a queue of this name. What the queue is like stands in tidegate.toml."""

    zone = models.CharField(max_length=40)
    name = models.CharField(max_length=200)

    objects = Scoped()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["zone", "name"], name="queue_once_per_zone")]


class Task(models.Model):
    """One question to one person about one version of an item.

    Where several are to answer the same question, each has a task of their own, alike in `question`.
    """

    handle = models.UUIDField(default=uuid.uuid4, unique=True)
    """How pages call it: numbers would tell how much other zones do, and which tasks were made just now."""
    question = models.UUIDField(default=uuid.uuid4, db_index=True)
    zone = models.CharField(max_length=40)
    item = models.ForeignKey("content.Item", on_delete=models.PROTECT, related_name="tasks")
    item_version = models.IntegerField()
    kind = models.CharField(max_length=10, choices=Kind.choices)
    queue = models.CharField(max_length=200)
    right = models.CharField(max_length=30)
    """Of `people.roles`: what somebody must be allowed to be given this task."""
    policy = models.CharField(max_length=200, null=True)
    language = models.TextField(null=True)
    severity = models.IntegerField()
    """Weight of the harm that is suspected: see `priority.SEVERITY`."""
    decision = models.ForeignKey("content.Decision", on_delete=models.PROTECT, null=True)
    """What was decided when the question was asked."""
    event = models.ForeignKey("events.Event", on_delete=models.PROTECT, null=True)
    """The appeal."""
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    rank = models.FloatField()
    """Smaller goes first within a queue: see `priority`."""
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()
    not_before = models.DateTimeField(null=True)
    """On hold until then."""
    assigned_to = models.ForeignKey("people.User", on_delete=models.PROTECT, null=True, related_name="+")
    """Reserved for this person; for anybody where null."""
    message = models.TextField(default="", blank=True)
    """What somebody wrote who sent or escalated it."""
    leased_to = models.ForeignKey("people.User", on_delete=models.PROTECT, null=True, related_name="+")
    leased_until = models.DateTimeField(null=True)

    objects = Scoped()

    class Meta:
        indexes = [
            # In the order in which tasks are given. The rest says what somebody is not given: a hundred
            # thousand tasks that are too heavy for them are passed over without being read.
            models.Index(
                fields=["zone", "queue", "rank", "severity", "right", "policy", "language"],
                name="task_next",
                condition=models.Q(state=State.OPEN),
            ),
            models.Index(
                fields=["leased_to"],
                name="task_leased",
                condition=models.Q(state=State.OPEN, leased_to__isnull=False),
            ),
            models.Index(
                fields=["assigned_to"],
                name="task_reserved",
                condition=models.Q(state=State.OPEN, assigned_to__isnull=False),
            ),
            models.Index(fields=["item", "kind"], name="task_of_item"),
        ]


class Answer(models.Model):
    """What somebody answered, under which version of which policy, and how long it took them.

    An answer is a label whatever became of it; `undone_at` takes it back.
    """

    key = models.UUIDField(unique=True)
    """Given by the browser, so that an answer that is sent twice counts once."""
    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="answers")
    zone = models.CharField(max_length=40)
    person = models.ForeignKey("people.User", on_delete=models.PROTECT, related_name="answers")
    item = models.ForeignKey("content.Item", on_delete=models.PROTECT, related_name="answers")
    item_version = models.IntegerField()
    violates = models.BooleanField()
    policy = models.CharField(max_length=200, null=True)
    policy_version = models.CharField(max_length=300, null=True)
    clause = models.CharField(max_length=20, null=True)
    severity = models.CharField(max_length=20, null=True)
    action = models.CharField(max_length=60)
    escalate = models.CharField(max_length=200, null=True)
    note = models.TextField(default="", blank=True)
    span_start = models.IntegerField(null=True)
    span_end = models.IntegerField(null=True)
    """The stretch of the text that decided, in characters: from the start, to before the end."""
    assisted = models.BooleanField()
    """Whether the screen showed what the machine had found."""
    assist_verdict = models.CharField(max_length=200, default="", blank=True)
    """`USEFUL`, or what was wrong with it; `WRONG` where that was erased."""
    bulk = models.UUIDField(null=True)
    """The decision on near-duplicates that it came from, alike in all that came from it; null for one by
    itself."""
    screen = models.JSONField(default=list)
    """Raw events of the screen: [what, milliseconds since the item was painted]."""
    wall_ms = models.BigIntegerField()
    active_ms = models.BigIntegerField()
    idle_ms = models.BigIntegerField()
    answered_at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True)
    decision = models.ForeignKey("content.Decision", on_delete=models.PROTECT, null=True, related_name="+")
    """The decision that it brought about, if it did."""

    objects = Scoped()

    class Meta:
        indexes = [
            models.Index(fields=["person", "item"], name="answer_of_person"),
            models.Index(fields=["item", "answered_at"], name="answer_on_item"),
            models.Index(fields=["zone", "answered_at"], name="answer_of_zone"),
        ]


class Skip(models.Model):
    """That somebody passed a task over; it is not given to them again."""

    task = models.ForeignKey(Task, on_delete=models.PROTECT, related_name="skips")
    zone = models.CharField(max_length=40)
    person = models.ForeignKey("people.User", on_delete=models.PROTECT, related_name="skips")
    reason = models.CharField(max_length=40)
    screen = models.JSONField(default=list)
    at = models.DateTimeField()

    objects = Scoped()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["task", "person"], name="skipped_once")]


class Skill(models.Model):
    """That somebody reads a language, knows a policy, or holds a certificate. None of a kind: no limit."""

    person = models.ForeignKey("people.User", on_delete=models.CASCADE, related_name="skills")
    kind = models.CharField(max_length=12)
    """language, policy or certificate."""
    name = models.CharField(max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "kind", "name"], name="skill_once")]


class Keymap(models.Model):
    """Somebody's own keys on the review screen, by command, where they are not the usual ones."""

    person = models.OneToOneField("people.User", on_delete=models.CASCADE, primary_key=True)
    keys = models.JSONField(default=dict)
