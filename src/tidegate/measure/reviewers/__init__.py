"""Fallible reviewers, and what their mistakes do to a figure: see docs/measurement/reviewers.md."""

from tidegate.measure.reviewers.corrected import Corrected, corrected_rate
from tidegate.measure.reviewers.overlaps import skill_from_overlaps
from tidegate.measure.reviewers.skill import Skill, mixture, of_majority, skill_from_golds

__all__ = [
    "Corrected",
    "Skill",
    "corrected_rate",
    "mixture",
    "of_majority",
    "skill_from_golds",
    "skill_from_overlaps",
]
