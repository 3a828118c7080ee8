"""Fallible reviewers, and what their mistakes do to a figure: see docs/measurement/reviewers.md."""

from tidegate.measure.reviewers.corrected import Corrected, corrected_rate
from tidegate.measure.reviewers.outcomes import fine, parts_by_outcome
from tidegate.measure.reviewers.overlaps import skill_from_overlaps
from tidegate.measure.reviewers.shares import Part, corrected_share
from tidegate.measure.reviewers.skill import Skill, mixture, of_majority, skill_from_golds

__all__ = [
    "Corrected",
    "Part",
    "Skill",
    "corrected_rate",
    "corrected_share",
    "fine",
    "mixture",
    "of_majority",
    "parts_by_outcome",
    "skill_from_golds",
    "skill_from_overlaps",
]
