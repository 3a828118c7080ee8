"""What the review screen says, for its script: everything in the language of whoever reads."""

from __future__ import annotations

from django.utils.translation import gettext as _


def words() -> dict[str, str]:
    return {
        **_asking(),
        **_commands(),
        **_pausing(),
        "fine": _("Fine"),
        "fine_text": _("Violates no policy."),
        "choose": _("What is it?"),
        "choose_first": _("Choose first: fine, or the policy that it violates."),
        "from_list": _("Choose from the list in front"),
        "step_back": _("Go back a step"),
        "clause": _("Which clause?"),
        "no_clause": _("None in particular"),
        "action": _("Action"),
        "low": _("low"),
        "medium": _("medium"),
        "high": _("high"),
        "critical": _("critical"),
        "ready": _("Press Enter to send."),
        "text": _("Text"),
        "context": _("Answers to"),
        "media": _("Media"),
        "image": _("The picture of this item"),
        "video": _("The video of this item"),
        "media_origin": _(
            "It is not shown: this site does not load from there. Your lead can list the origin."
        ),
        "media_address": _("It is not shown: this is no address that a browser could load."),
        "media_kind": _("It is not shown: neither a picture nor a video, as far as the address tells."),
        "media_failed": _("It could not be loaded. Skip the item if you cannot judge it without."),
        "about": _("About it"),
        "covered": _("Covered. Show it with"),
        "marked": _("Marked"),
        "sent": _("Sent"),
        "undone": _("Taken back."),
        "waiting": _("Another opinion is asked for."),
        "late": _("It was decided meanwhile; your answer is kept as a label."),
        "taken": _("This item was taken back from you; here is the next one."),
        "empty": _("Nothing to do right now. New items appear by themselves."),
        "offline": _("No connection. What you have sent waits here and is sent again:"),
        "signed_out": _(
            "You are signed out. What you have sent waits here; sign in, then load this page anew."
        ),
        "today": _("today"),
        "minutes": _("min"),
        "active": _("active"),
        "machine": _("What the machine found"),
        "judge": _("The judge"),
        "moved": _("Words behind it"),
        "moved_key": _(
            "Dotted underline: words that raised a score. Solid: what the judge rests on. Double: both."
        ),
        "begins": _("raised a score:"),
        "rests": _("the judge rests on:"),
        "ends": _("(end)"),
        "author": _("Author"),
        "views": _("Views"),
        "reports": _("Reports"),
        "rule": _("Rule"),
        "queue": _("Queue"),
        "due": _("Due"),
        "by_person": _("a person"),
        "by_machine": _("a strategy"),
        "opinion": _("Opinion"),
    }


def _pausing() -> dict[str, str]:
    return {
        "break_due": _("minutes of work. It is time for a break of"),
        "from": _("There is more from"),
        "why_away": _("You have stepped away. Nothing comes until you are back."),
        "why_break": _("It is time for a break. Nothing new comes until it is over."),
        "why_hour": _("This hour's limit on what you look at is reached."),
        "why_day": _("This day's limit on what you look at is reached."),
        "why_week": _("This week's limit on what you look at is reached."),
    }


def _asking() -> dict[str, str]:
    return {
        "ask_decide": _("What is to be done about it?"),
        "ask_appeal": _("Somebody objects. Does the decision stand?"),
        "ask_arbitrate": _("Two opinions differ. Which holds?"),
        "statements": _("What they say"),
        "history": _("What was decided"),
        "opinions": _("The opinions"),
    }


def _commands() -> dict[str, str]:
    return {
        "severity": _("Severity"),
        "mark": _("Mark the selected text"),
        "note": _("Note"),
        "second_opinion": _("Second opinion"),
        "call": _("Call the escalation path"),
        "skip": _("Skip"),
        "hold": _("Hold"),
        "send": _("Send to somebody"),
        "escalate": _("Escalate"),
        "hide": _("Cover or show"),
        "look": _("Full size and colour"),
        "play": _("Play or pause"),
        "alike": _("Near-duplicates"),
        "useful": _("Useful"),
        "wrong": _("Wrong"),
        "undo": _("Undo"),
        "away": _("Step away"),
        "action_1": _("First action"),
        "action_2": _("Second action"),
        "action_3": _("Third action"),
        "action_4": _("Fourth action"),
        "action_5": _("Fifth action"),
        "action_6": _("Sixth action"),
        "action_7": _("Seventh action"),
    }


def reasons() -> list[tuple[str, str]]:
    """Why one skips: `leaving.REASONS`, in words."""
    return [
        ("unsure", _("I am not sure")),
        ("language", _("I do not read this language")),
        ("distress", _("It is too hard to look at")),
        ("conflict", _("I know somebody in it")),
        ("broken", _("It does not show")),
        ("other", _("Something else")),
    ]


def waits() -> list[tuple[int, str]]:
    """How long one holds: minutes, in words."""
    return [(15, _("15 minutes")), (60, _("1 hour")), (24 * 60, _("1 day"))]
