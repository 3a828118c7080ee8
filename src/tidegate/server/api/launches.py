"""The routes of launches: strategies published and activated, and kill switches."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Literal, TypeVar

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import ConfigDict, Field

from tidegate.errors import RunError, TidegateError
from tidegate.server.api.keys import Key
from tidegate.server.api.problems import PROBLEMS, ProblemError
from tidegate.server.api.schemas import ProblemOut, Short, Storable
from tidegate.server.launches import actions
from tidegate.server.launches.decider import checked
from tidegate.server.launches.four_eyes import SecondPersonError
from tidegate.server.launches.models import Kind, StrategyVersion, Switch
from tidegate.server.launches.reads import active, switched_off, version_of
from tidegate.strategy.differences import differences

router = Router(auth=Key("launches"), tags=["launches"])
Number = Annotated[int, Field(ge=1, lt=2**31)]
Why = Annotated[str, Field(min_length=1, max_length=2_000), Storable]
Done = TypeVar("Done")


class StrategyIn(Schema):
    """A strategy to publish: its YAML, and why."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, Field(max_length=1_000_000), Storable]
    message: Why
    activate: bool = True


class VersionOut(Schema):
    """A version that was published, or (`base`) that switches made of another."""

    strategy: str
    version: int
    label: str
    active: bool
    base: int | None
    message: str
    published_at: datetime
    published_by: str


class VersionsOut(Schema):
    """Every version, newest first."""

    versions: list[VersionOut]


class WholeVersionOut(VersionOut):
    """A version with its text, and what is different from another one, in words."""

    text: str
    differences: list[str] | None


class SwitchIn(Schema):
    """What to switch off, and why. `name` is left out for everything."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["rule", "detector", "strategy", "everything"]
    name: Short = ""
    reason: Why


class SwitchOut(Schema):
    """Something that is switched off."""

    kind: str
    strategy: str
    name: str
    reason: str
    off_at: datetime
    off_by: str


class SwitchesOut(Schema):
    """All that is switched off, oldest first."""

    switches: list[SwitchOut]


@router.get("/strategies", response={200: VersionsOut, **PROBLEMS})
def get_strategies(request: HttpRequest) -> dict[str, Any]:
    """Every version that was published, and which one is active."""
    now = _active()
    versions = StrategyVersion.objects.select_related("base").defer("text").order_by("-pk")
    return {"versions": [_told(version, now) for version in versions]}


@router.post("/strategies", response={200: VersionOut, 409: ProblemOut, **PROBLEMS})
def post_strategies(request: HttpRequest, body: StrategyIn) -> dict[str, Any]:
    """Check a strategy, and store it as a version that never changes; by default it decides from now on.

    409 where it is to decide and a second person must agree first; nothing is stored then.
    """
    made = done(
        HTTPStatus.CONFLICT,
        lambda: actions.publish(body.text, body.message, actor=_who(request), activate=body.activate),
    )
    return _told(made, _active())


@router.get("/strategies/{name}/{number}", response={200: WholeVersionOut, 404: ProblemOut, **PROBLEMS})
def get_strategy(
    request: HttpRequest, name: str, number: Number, against: Number | None = None
) -> dict[str, Any]:
    """A version with its text; with `against`, what is different from that version of the same name."""
    version = done(HTTPStatus.NOT_FOUND, lambda: version_of(name, number))
    other = None if against is None else done(HTTPStatus.NOT_FOUND, lambda: version_of(name, against))
    said = None if other is None else differences(checked(other.text), checked(version.text))
    return {**_told(version, _active()), "text": version.text, "differences": said}


@router.post(
    "/strategies/{name}/{number}/activate",
    response={200: VersionOut, 404: ProblemOut, 409: ProblemOut, **PROBLEMS},
)
def post_activate(request: HttpRequest, name: str, number: Number) -> dict[str, Any]:
    """Let a version decide: forward, or back. What is switched off stays off.

    409 where a second person must agree first: see proposals.
    """
    actor = _who(request)
    done(HTTPStatus.NOT_FOUND, lambda: actions.activate(name, number, actor=actor))
    return _told(version_of(None, None), _active())


@router.get("/switches", response={200: SwitchesOut, **PROBLEMS})
def get_switches(request: HttpRequest) -> dict[str, Any]:
    """What is switched off."""
    return {"switches": switched_off()}


@router.post("/switches", response={200: SwitchOut, 409: ProblemOut, **PROBLEMS})
def post_switches(request: HttpRequest, body: SwitchIn) -> Switch:
    """Switch a rule, a detector, a strategy or everything off, in every process at once."""
    _check(body.kind, body.name)
    actor = _who(request)
    return done(
        HTTPStatus.CONFLICT,
        lambda: actions.switch_off(Kind(body.kind), body.name, body.reason, actor=actor),
    )


@router.delete("/switches/{kind}", response={200: SwitchesOut, 404: ProblemOut, **PROBLEMS})
def delete_switch(request: HttpRequest, kind: Kind, name: Short = "") -> dict[str, Any]:
    """Switch on again; answers with what is still off."""
    _check(kind, name)
    actor = _who(request)
    done(HTTPStatus.NOT_FOUND, lambda: actions.switch_on(kind, name, actor=actor))
    return get_switches(request)


def _who(request: HttpRequest) -> str:
    return str(request.auth)  # type: ignore[attr-defined]


def _active() -> int | None:
    found = active()
    return None if found is None else found[1].pk


def _told(version: StrategyVersion, now: int | None) -> dict[str, Any]:
    return {
        "strategy": version.name,
        "version": version.number,
        "label": version.label,
        "active": version.pk == now,
        "base": None if version.base is None else version.base.number,
        "message": version.message,
        "published_at": version.published_at,
        "published_by": version.published_by,
    }


def _check(kind: str, name: str) -> None:
    if (kind == Kind.EVERYTHING) == bool(name):
        raise ProblemError(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "'everything' has no name" if name else f"which {kind}?",
            field="name",
            remedy="Leave it out." if name else f"Name the {kind}.",
        )


def done(status: HTTPStatus, work: Callable[[], Done]) -> Done:
    """What `work` gives; what does not fit answers with this status, and a strategy that is none with 422."""
    try:
        return work()
    except SecondPersonError as error:
        raise ProblemError(
            HTTPStatus.CONFLICT, error.what, field=error.where.field, remedy=error.remedy
        ) from error
    except RunError as error:
        raise ProblemError(status, error.what, field=error.where.field, remedy=error.remedy) from error
    except TidegateError as error:
        line = "" if error.where.line is None else f"line {error.where.line}: "
        raise ProblemError(
            HTTPStatus.UNPROCESSABLE_ENTITY, f"{line}{error.what}", field="text", remedy=error.remedy
        ) from error
