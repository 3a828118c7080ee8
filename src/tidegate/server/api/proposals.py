"""The routes of proposals: asking that a version may decide, and what became of it.

Nobody agrees over the API: a second person is somebody who signs in, with a second factor, and not a key.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import ConfigDict, Field

from tidegate.server.api.keys import Key
from tidegate.server.api.launches import Number, Why, done
from tidegate.server.api.problems import PROBLEMS, ProblemError
from tidegate.server.api.schemas import Moment, ProblemOut
from tidegate.server.launches.models import Proposal
from tidegate.server.launches.proposals import decline, propose

router = Router(auth=Key("launches"), tags=["launches"])
Id = Annotated[int, Field(ge=1, lt=2**63)]


class ProposalIn(Schema):
    """Why a version should decide."""

    model_config = ConfigDict(extra="forbid")

    reason: Why


class ProposalOut(Schema):
    """That a version should decide, and what a second person said."""

    id: int
    strategy: str
    version: int
    reason: str
    asked_at: Moment
    asked_by: str
    state: Literal["waiting", "agreed", "declined"]
    ended_at: Moment | None
    ended_by: str | None


@router.post(
    "/strategies/{name}/{number}/proposals",
    response={200: ProposalOut, 409: ProblemOut, **PROBLEMS},
)
def post_proposal(request: HttpRequest, name: str, number: Number, body: ProposalIn) -> dict[str, Any]:
    """Ask that a version may decide; somebody else agrees or declines on the page of launches."""
    actor = str(request.auth)  # type: ignore[attr-defined]
    return _told(done(HTTPStatus.CONFLICT, lambda: propose(name, number, body.reason, actor=actor)))


@router.get("/proposals/{proposal}", response={200: ProposalOut, 404: ProblemOut, **PROBLEMS})
def get_proposal(request: HttpRequest, proposal: Id) -> dict[str, Any]:
    """What became of it."""
    return _told(_found(proposal))


@router.delete(
    "/proposals/{proposal}", response={200: ProposalOut, 409: ProblemOut, 404: ProblemOut, **PROBLEMS}
)
def delete_proposal(request: HttpRequest, proposal: Id) -> dict[str, Any]:
    """Take back what this key asked for."""
    actor = str(request.auth)  # type: ignore[attr-defined]
    if _found(proposal).by != actor:
        raise ProblemError(
            HTTPStatus.CONFLICT,
            "this key did not ask for it",
            remedy="Whoever asked takes it back; who may approve launches declines it on the page.",
        )
    return _told(done(HTTPStatus.CONFLICT, lambda: decline(proposal, "taken back", actor=actor)))


def _found(proposal: int) -> Proposal:
    found = Proposal.objects.select_related("version").filter(pk=proposal).first()
    if found is None:
        raise ProblemError(
            HTTPStatus.NOT_FOUND, "there is no such proposal", remedy="Give the id that asking answered with."
        )
    return found


def _told(one: Proposal) -> dict[str, Any]:
    ended = "agreed" if one.agreed else "declined"
    return {
        "id": one.pk,
        "strategy": one.version.name,
        "version": one.version.number,
        "reason": one.reason,
        "asked_at": one.at,
        "asked_by": one.by,
        "state": "waiting" if one.ended_at is None else ended,
        "ended_at": one.ended_at,
        "ended_by": one.ended_by or None,
    }
