"""What follows for whoever has answered or left a task: called within that very transaction."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from tidegate.server.care import exposures, pauses, trials
from tidegate.server.people.models import User


def finished(person: User, handle: UUID, active_ms: int, at: datetime) -> None:
    """Keep the exposure and forget the task; add the active time to the stretch, and to a trial."""
    exposures.settle(person, handle)
    pauses.worked(person, active_ms, at)
    trials.tally(person, active_ms)
