"""Every route × role × zone: who may open it, and that nothing of another zone shows.

A route that is not listed here fails the walk, so that nobody adds one without saying who may open it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("inside")

PUBLIC, ACCOUNT, SIGNED_IN = "public", "account", "signed_in"
OTHER = {"us": "eu", "eu": "us"}


@dataclass(frozen=True)
class Route:
    """Who may open a route, by which address it is tried, and what comes of it where it may be opened.

    `ok`: the statuses of whoever may. {zone} in `path` is the zone of whoever asks, {other} the other one.
    """

    who: str
    path: str
    method: str = "get"
    body: dict[str, Any] | None = None
    ok: tuple[int, ...] = (200,)
    foreign: str | None = None
    foreign_body: dict[str, Any] | None = field(default=None)


KEY = "choose/1-nonsense/"
TODAY, DAY = datetime.now(UTC).date(), timedelta(days=1)
EVENT = {"id": "walk-{zone}", "item_id": "post-2", "type": "views", "views": 5}
PAGES = {
    "": Route(SIGNED_IN, "/"),
    "cases/": Route("see_content", f"/cases/?since={TODAY - DAY}&until={TODAY + DAY}&show=on"),
    "policies/": Route("see_content", "/policies/"),
    "policies/<slug:name>/": Route("see_content", "/policies/animal-abuse/"),
    "policies/<slug:name>/edit": Route("write_policies", "/policies/animal-abuse/edit"),
    "queries/": Route("query", "/queries/"),
    "figures/": Route("see_figures", "/figures/?days=7&weight=item&by=rule"),
    "console/design/": Route(SIGNED_IN, "/console/design/"),
    "review/": Route("review", "/review/"),
    "review/keys/": Route("review", "/review/keys/"),
    "review/take": Route("review", "/review/take", ok=(405,)),
    "review/words": Route("review", "/review/words", ok=(405,)),
    "review/answer": Route("review", "/review/answer", ok=(405,)),
    "review/undo": Route("review", "/review/undo", ok=(405,)),
    "review/skip": Route("review", "/review/skip", ok=(405,)),
    "review/hold": Route("review", "/review/hold", ok=(405,)),
    "review/send": Route("review", "/review/send", ok=(405,)),
    "review/escalate": Route("review", "/review/escalate", ok=(405,)),
    "review/return": Route("review", "/review/return", ok=(405,)),
    "care/": Route("review", "/care/"),
    "care/state": Route("review", "/care/state"),
    "care/away": Route("review", "/care/away", ok=(405,)),
    "care/back": Route("review", "/care/back", ok=(405,)),
    "care/showing/": Route("review", "/care/showing/"),
    "care/areas/": Route("review", "/care/areas/"),
    "care/exposure/": Route("review", "/care/exposure/"),
    "care/trials/": Route("review", "/care/trials/"),
    "care-team/": Route("run_trials", "/care-team/"),
    "care-team/limits": Route("assign", "/care-team/limits", ok=(405,)),
    "care-team/begin": Route("run_trials", "/care-team/begin", ok=(405,)),
    "care-team/end": Route("run_trials", "/care-team/end", ok=(405,)),
    "quality/golds/": Route("mark_golds", "/quality/golds/"),
    "quality/golds/mark": Route("mark_golds", "/quality/golds/mark", ok=(405,)),
    "quality/golds/<int:gold>/retire": Route("mark_golds", "/quality/golds/1/retire", ok=(405,)),
    "quality/queues/": Route("see_figures", "/quality/queues/"),
    "quality/queues/reserve": Route("assign", "/quality/queues/reserve", ok=(405,)),
    "quality/people/": Route("see_people", "/quality/people/"),
    "quality/people/<int:number>/": Route("assign", "/quality/people/1/", ok=(200, 404)),
    "quality/people/<int:number>/open": Route("assign", "/quality/people/1/open", ok=(405,)),
    "review/alike/<uuid:handle>/": Route(
        "review", "/review/alike/00000000-0000-4000-8000-000000000000/", ok=(302,)
    ),
    "review/alike/answer": Route("review", "/review/alike/answer", ok=(405,)),
    "review/alike/renew": Route("review", "/review/alike/renew", ok=(405,)),
    "review/alike/undo": Route("review", "/review/alike/undo", ok=(405,)),
    "people/": Route("see_people", "/people/"),
    "people/invite/": Route("manage_people", "/people/invite/"),
    "people/invite/send": Route("manage_people", "/people/invite/send", ok=(405,)),
    "person/<str:name>/": Route("manage_people", "/person/answers-{zone}/"),
    "person/<str:name>/change": Route("manage_people", "/person/answers-{zone}/change", ok=(405,)),
    "person/<str:name>/let-in": Route("manage_people", "/person/answers-{zone}/let-in", ok=(405,)),
    "person/<str:name>/link": Route("manage_people", "/person/answers-{zone}/link", ok=(405,)),
    "person/<str:name>/second-factors": Route(
        "manage_people", "/person/answers-{zone}/second-factors", ok=(405,)
    ),
    "keys/": Route("manage_integrations", "/keys/"),
    "keys/make": Route("manage_integrations", "/keys/make", ok=(405,)),
    "keys/revoke": Route("manage_integrations", "/keys/revoke", ok=(405,)),
    "ledger/": Route("read_ledger", "/ledger/"),
    "items/<slug:zone>/<anytext:external_id>": Route(
        "see_content", "/items/{zone}/post-1", foreign="/items/{other}/post-1"
    ),
    "launches/": Route("stop_everything", "/launches/"),
    "launches/draft": Route("publish_strategies", "/launches/draft"),
    "launches/switch-off": Route("stop_everything", "/launches/switch-off", ok=(405,)),
    "launches/switch-on": Route("stop_everything", "/launches/switch-on", ok=(405,)),
    "launches/<str:name>/<int:number>/": Route("stop_everything", "/launches/counting/1/"),
    "launches/<str:name>/<int:number>/activate": Route(
        "publish_strategies", "/launches/counting/1/activate", ok=(405,)
    ),
    "launches/<str:name>/<int:number>/try": Route("see_figures", "/launches/counting/1/try", ok=(405,)),
    "launches/proposals/<int:proposal>/agree": Route(
        "approve_launches", "/launches/proposals/1/agree", ok=(405,)
    ),
    "launches/proposals/<int:proposal>/decline": Route(
        "stop_everything", "/launches/proposals/1/decline", ok=(405,)
    ),
    "account/": Route(ACCOUNT, "/account/"),
    "account/login/": Route(PUBLIC, "/account/login/", ok=(200, 302)),
    "account/logout/": Route(PUBLIC, "/account/logout/", ok=(200, 302)),
    "account/inactive/": Route(PUBLIC, "/account/inactive/"),
    "account/reauthenticate/": Route(ACCOUNT, "/account/reauthenticate/"),
    "account/password/change/": Route(ACCOUNT, "/account/password/change/"),
    "account/password/set/": Route(ACCOUNT, "/account/password/set/", ok=(302,)),
    "account/password/choose/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>[^/]+)/": Route(
        PUBLIC, "/account/password/" + KEY
    ),
    "account/password/chosen/": Route(PUBLIC, "/account/password/chosen/"),
    "account/2fa/": Route(ACCOUNT, "/account/2fa/"),
    "account/2fa/authenticate/": Route(PUBLIC, "/account/2fa/authenticate/", ok=(302,)),
    "account/2fa/reauthenticate/": Route(ACCOUNT, "/account/2fa/reauthenticate/"),
    "account/2fa/totp/activate/": Route(ACCOUNT, "/account/2fa/totp/activate/", ok=(302,)),
    "account/2fa/totp/deactivate/": Route(ACCOUNT, "/account/2fa/totp/deactivate/", ok=(302,)),
    "account/2fa/recovery-codes/": Route(ACCOUNT, "/account/2fa/recovery-codes/", ok=(404,)),
    "account/2fa/recovery-codes/generate/": Route(
        ACCOUNT, "/account/2fa/recovery-codes/generate/", ok=(302,)
    ),
    "account/2fa/recovery-codes/download/": Route(
        ACCOUNT, "/account/2fa/recovery-codes/download/", ok=(404,)
    ),
    "account/2fa/webauthn/": Route(ACCOUNT, "/account/2fa/webauthn/"),
    "account/2fa/webauthn/add/": Route(ACCOUNT, "/account/2fa/webauthn/add/", ok=(302,)),
    "account/2fa/webauthn/reauthenticate/": Route(
        ACCOUNT, "/account/2fa/webauthn/reauthenticate/", ok=(302,)
    ),
    "account/2fa/webauthn/keys/<int:pk>/remove/": Route(
        ACCOUNT, "/account/2fa/webauthn/keys/1/remove/", ok=(302, 404)
    ),
    "account/2fa/webauthn/keys/<int:pk>/edit/": Route(
        ACCOUNT, "/account/2fa/webauthn/keys/1/edit/", ok=(302, 404)
    ),
    "account/oidc/cancelled/": Route(PUBLIC, "/account/oidc/cancelled/"),
    "account/oidc/error/": Route(PUBLIC, "/account/oidc/error/", ok=(401,)),
    "account/oidc/<slug:provider_id>/login/": Route(PUBLIC, "/account/oidc/none/login/", ok=(404,)),
    "account/oidc/<slug:provider_id>/login/callback/": Route(
        PUBLIC, "/account/oidc/none/login/callback/", ok=(404,)
    ),
}
SWITCH = {"kind": "rule", "name": "offender", "reason": "a walk"}
API = {
    "health/live": Route(PUBLIC, "/health/live"),
    "health/ready": Route(PUBLIC, "/health/ready"),
    "metrics": Route("metrics", "/metrics"),
    "get api/v1/items": Route("items", "/api/v1/items?limit=2"),
    "api/v1/decisions": Route("items", "/api/v1/decisions?limit=2"),
    "api/v1/exports/<table>": Route("exports", "/api/v1/exports/items?format=csv"),
    "get api/v1/switches": Route("launches", "/api/v1/switches"),
    "post api/v1/strategies": Route(
        "launches", "/api/v1/strategies", "post", {"text": "strategy: [", "message": "a walk"}, ok=(422,)
    ),
    "api/v1/strategies": Route("launches", "/api/v1/strategies"),
    "api/v1/strategies/<name>/<number>": Route("launches", "/api/v1/strategies/counting/1"),
    "api/v1/strategies/<name>/<number>/activate": Route(
        "launches", "/api/v1/strategies/counting/1/activate", "post"
    ),
    "api/v1/strategies/<name>/<number>/proposals": Route(
        "launches", "/api/v1/strategies/counting/99/proposals", "post", {"reason": "a walk"}, ok=(409,)
    ),
    "get api/v1/proposals/<proposal>": Route("launches", "/api/v1/proposals/99", ok=(404,)),
    "api/v1/proposals/<proposal>": Route("launches", "/api/v1/proposals/99", "delete", ok=(404,)),
    "api/v1/switches": Route("launches", "/api/v1/switches", "post", SWITCH, ok=(200, 409)),
    "api/v1/switches/<kind>": Route(
        "launches", "/api/v1/switches/rule?name=offender", "delete", ok=(200, 404)
    ),
    "api/v1/openapi.json": Route(PUBLIC, "/api/v1/openapi.json"),
    "api/v1/": Route(PUBLIC, "/api/v1/", ok=(404,)),
    "v1/openapi.json": Route(PUBLIC, "/v1/openapi.json"),
    "v1/": Route(PUBLIC, "/v1/", ok=(404,)),
    "v1/moderations": Route("moderations", "/v1/moderations", "post", {"input": "Tea."}),
    "api/v1/items": Route("items", "/api/v1/items", "post", {"id": "walk-{zone}", "text": "Tea."}),
    "api/v1/items/<anytext:item_id>": Route(
        "items", "/api/v1/items/only-{zone}", foreign="/api/v1/items/only-{other}"
    ),
    "api/v1/items/<anytext:item_id>/undo": Route(
        "items", "/api/v1/items/only-{zone}/undo", "post", foreign="/api/v1/items/only-{other}/undo"
    ),
    "api/v1/events": Route(
        "events", "/api/v1/events", "post", EVENT, foreign_body=EVENT | {"item_id": "only-{other}"}
    ),
}
MARKS = (
    "secret of {}",
    "only-{}",
    "author-{}",
    "fan-{}",
    "feed-{}",
    "hooks-{}",
    "held-{}",
    ">{}<",
    "moderator-{}",
)


def routes(patterns: Any, above: str = "") -> Iterator[str]:
    for one in patterns:
        here = above + str(one.pattern).removeprefix("^").removesuffix("$")
        if hasattr(one, "url_patterns"):
            yield from routes(one.url_patterns, here)
        else:
            yield here


def test_every_route_is_listed_here(inside: Path) -> None:
    from django.urls import get_resolver

    listed = {name.rpartition(" ")[2] for name in (*PAGES, *API)}
    assert set(routes(get_resolver().url_patterns)) == listed


def test_every_operation_of_the_api_is_listed_here(inside: Path) -> None:
    from tidegate.server.api import api
    from tidegate.server.api.moderations import moderations

    told = {
        (method, re.sub(r"\{(?:anytext:)?(\w+)\}", r"<\1>", path).lstrip("/"))
        for one in (api, moderations)
        for path, operations in one.get_openapi_schema()["paths"].items()
        for method in operations
    }
    listed = {
        (one.method, re.sub(r"<(?:anytext:)?(\w+)>", r"<\1>", name.rpartition(" ")[2]))
        for name, one in API.items()
    }
    assert told <= listed


def filled(value: Any, zone: str) -> Any:
    if isinstance(value, dict):
        return {name: filled(one, zone) for name, one in value.items()}
    return value.format(zone=zone, other=OTHER[zone]) if isinstance(value, str) else value


def shows_nothing_of(response: Any, zone: str) -> None:
    content = b"".join(response) if response.streaming else response.content
    told = content.decode(errors="replace") + str(dict(response.headers))
    for mark in MARKS:
        assert mark.format(zone) not in told, f"{response.request['PATH_INFO']} tells of {zone}"


def runs_under_the_policy(response: Any) -> None:
    """No inline script or style, which the policy would stop, and nothing from elsewhere."""
    assert response["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self';")
    assert response["Cache-Control"] == "no-store"
    if not response["Content-Type"].startswith("text/html"):
        return
    page = response.content.decode()
    assert not re.search(r"\sstyle=|\son[a-z]+=|<style|javascript:", page)
    for attributes in re.findall(r"<script\b([^>]*)>", page):
        assert 'src="/static/' in attributes or 'type="application/json"' in attributes
    for address in re.findall(r'(?:src|href|action)="([^"]*)"', page):
        assert address.startswith(("/", "#", "data:")), address


# People.


@pytest.fixture(scope="module")
def sessions(inside: Path) -> dict[tuple[str | None, str], Any]:
    """A browser for each role and zone, and for somebody without a role; each with a second factor shown."""
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
    from django.contrib.auth.hashers import make_password
    from django.test import Client

    from tidegate.server.people.models import User
    from tidegate.server.people.persons import Change, set_person
    from tidegate.server.people.roles import ROLES
    from tidegate.server.zones.scope import EVERYWHERE, within

    found: dict[tuple[str | None, str], Any] = {}
    password = make_password("a password of theirs")
    with within(EVERYWHERE):
        for zone in OTHER:
            for role in (*ROLES, None):
                change = Change(roles=[role] if role else [], zones=[zone])
                person, _ = set_person(f"{role}-{zone}", change, actor="test")
                User.objects.filter(pk=person.pk).update(password=password)
                person.refresh_from_db()
                TOTP.activate(person, generate_totp_secret())
                client = Client()
                client.force_login(person)
                found[role, zone] = client
                shows_second_factor(client, person)
    return found


def shows_second_factor(client: Any, person: Any) -> None:
    from allauth.account.internal.userkit import user_id_to_str

    session = client.session
    session["account_authentication_methods"] = [{"method": "mfa", "at": 0, "type": "totp"}]
    session["account_authentication_methods_user"] = user_id_to_str(person)
    session.save()


@pytest.mark.parametrize("route", PAGES)
def test_a_page_opens_to_those_who_may_and_shows_their_zone_alone(
    sessions: dict[tuple[str | None, str], Any], route: str
) -> None:
    from tidegate.server.people.roles import rights_of

    page = PAGES[route]
    for (role, zone), client in sessions.items():
        rights = rights_of(frozenset({role} if role else ()))
        may = page.who in (PUBLIC, ACCOUNT, SIGNED_IN) or page.who in rights
        response = client.get(filled(page.path, zone))
        assert response.status_code in (page.ok if may else (403,)), (role, zone, response.status_code)
        shows_nothing_of(response, OTHER[zone])
        runs_under_the_policy(response)
        assert client.post(filled(page.path, zone) + "?", {}).status_code < 500
        if page.who == PUBLIC and "logout" in page.path:
            client.force_login(response.wsgi_request.user)
            shows_second_factor(client, response.wsgi_request.user)
        if page.foreign is not None:
            nowhere = page.foreign.replace("post-1", "never-sent")
            same_answer_and_work(client, filled(page.foreign, zone), filled(nowhere, zone), {})


def same_answer_and_work(client: Any, foreign: str, nowhere: str, headers: dict[str, str]) -> None:
    """What is in another zone answers as what never was: the same words after the same queries."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    answers, work = [], []
    for path in (foreign, nowhere):
        with CaptureQueriesContext(connection) as queries:
            answers.append(client.get(path, headers=headers))
        work.append([re.sub(r"'[^']*'|\d+", "?", query["sql"]) for query in queries])
    assert answers[0].status_code == answers[1].status_code in (403, 404)
    assert answers[0].content == answers[1].content
    assert work[0] == work[1]


@pytest.mark.parametrize("route", PAGES)
def test_nobody_and_whoever_lacks_the_second_factor_get_no_further_than_the_door(
    inside: Path, route: str
) -> None:
    from django.test import Client

    from tidegate.server.people.persons import Change, set_person
    from tidegate.server.zones.scope import EVERYWHERE, within

    page = PAGES[route]
    stranger = Client().get(filled(page.path, "us"))
    if page.who == PUBLIC:
        assert stranger.status_code in page.ok
    else:
        assert stranger.status_code == 302
        assert stranger.url.startswith("/account/login/?next=")
    with within(EVERYWHERE):
        person, _ = set_person("half", Change(roles=["admin", "auditor"], zones=["us"]), actor="test")
        person.set_password("a password of theirs")
        person.save()
    client = Client()
    client.force_login(person)
    half = client.get(filled(page.path, "us"))
    if page.who in (PUBLIC, ACCOUNT):
        assert half.status_code in (*page.ok, 302, 403, 404)
    else:
        assert half.status_code == 302
        assert half.url.startswith("/account/2fa/?next=")
    for response in (stranger, half):
        for zone in OTHER:
            shows_nothing_of(response, zone)


# Keys.


@pytest.fixture(scope="module")
def keys(inside: Path) -> dict[tuple[str, str], str]:
    from tidegate.server.people.keys import SCOPES, make_key
    from tidegate.server.zones.scope import EVERYWHERE, within

    with within(EVERYWHERE):
        return {
            (scope, zone): make_key(f"{scope} of {zone}", zone, [scope], actor="test")
            for scope in SCOPES
            for zone in OTHER
        }


@pytest.mark.parametrize("route", API)
def test_a_key_may_what_its_scope_says_in_its_zone_alone(
    keys: dict[tuple[str, str], str], route: str
) -> None:
    from django.test import Client

    client, one = Client(raise_request_exception=False), API[route]

    def ask(path: str, body: Any, headers: dict[str, str]) -> Any:
        if one.method in ("get", "delete"):
            return getattr(client, one.method)(path, headers=headers)
        return client.post(path, json.dumps(body or {}), content_type="application/json", headers=headers)

    for (scope, zone), key in keys.items():
        headers = {"Authorization": f"Bearer {key}"}
        path, body = filled(one.path, zone), filled(one.body, zone)
        may = one.who in (PUBLIC, scope)
        response = ask(path, body, headers)
        assert response.status_code in (one.ok if may else (403,)), (scope, zone, response.content)
        shows_nothing_of(response, OTHER[zone])
        if one.who != PUBLIC:
            assert ask(path, body, {}).status_code == 401
            assert ask(path, body, {"Authorization": "Bearer tg_none"}).status_code == 401
        foreign, theirs = filled(one.foreign or one.path, zone), filled(one.foreign_body or one.body, zone)
        if may and (one.foreign or one.foreign_body):
            nowhere = foreign.replace(f"only-{OTHER[zone]}", "never-sent")
            never = {**(theirs or {}), "item_id": "never-sent"}
            answers = [ask(foreign, theirs, headers), ask(nowhere, never, headers)]
            assert [answer.status_code for answer in answers] == [404, 404]
            assert answers[0].content == answers[1].content
            if one.method == "get":
                same_answer_and_work(client, foreign, nowhere, headers)


def test_an_id_of_another_zone_is_free_in_mine(keys: dict[tuple[str, str], str]) -> None:
    from django.test import Client

    response = Client().post(
        "/api/v1/items",
        json.dumps({"id": "only-eu", "text": "mine"}),
        content_type="application/json",
        headers={"Authorization": f"Bearer {keys['items', 'us']}"},
    )
    assert response.json()["decisions"][0]["version"] == 1


def test_a_page_that_does_not_say_who_may_open_it_opens_to_nobody(
    sessions: dict[tuple[str | None, str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from tidegate.server.people import pages

    monkeypatch.delattr(pages.people, "open_to")
    assert sessions["admin", "us"].get("/people/").status_code == 403
