"""Admins manage people and keys on pages: in their zones, never themselves, and all of it on the record."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.server.test_walk import same_answer_and_work, shows_second_factor

pytestmark = pytest.mark.usefixtures("inside")


def signed_in(name: str, roles: list[str], zones: list[str]) -> Any:
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
    from django.test import Client

    from tidegate.server.people.persons import Change, set_person

    with everywhere():
        person, _ = set_person(name, Change(roles=roles, zones=zones), actor="test")
        person.set_password("a password of theirs")
        person.save()
        TOTP.activate(person, generate_totp_secret())
    client = Client()
    client.force_login(person)
    shows_second_factor(client, person)
    return client


@contextmanager
def everywhere() -> Iterator[None]:
    from tidegate.server.zones.scope import EVERYWHERE, within

    with within(EVERYWHERE):
        yield


@pytest.fixture(scope="module")
def admin(inside: Path) -> Any:
    """Cleared for us, and for nothing else."""
    return signed_in("ada", ["admin"], ["us"])


def powers(name: str) -> tuple[set[str], set[str]]:
    from tidegate.server.people.models import User

    with everywhere():
        person = User.objects.get(username=name)
        return (
            {role.name for role in person.given_roles.all()},
            {one.zone for one in person.clearances.all()},
        )


def acts_on(name: str) -> list[tuple[str, str]]:
    from tidegate.server.ledger.models import Entry
    from tidegate.server.people.models import User

    with everywhere():
        subject = User.objects.get(username=name).actor
        return list(Entry.objects.filter(subject=subject).order_by("number").values_list("actor", "act"))


def page_of(client: Any, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return str(answer.content.decode())


def done(client: Any, name: str, act: str, **fields: Any) -> str:
    answer = client.post(f"/person/{name}/{act}", fields, follow=True)
    assert answer.redirect_chain[0] == (f"/person/{name}/", 302)
    return str(answer.content.decode())


def invited(client: Any, name: str, **fields: Any) -> Any:
    return client.post("/people/invite/send", {"name": name, **fields})


def test_somebody_is_invited_and_chooses_a_password_by_the_link(admin: Any) -> None:
    from django.test import Client

    assert '<a href="/people/invite/">' in page_of(admin, "/people/")
    answer = invited(admin, "newcomer", roles=["moderator"], zones=["us"])
    assert answer.status_code == 200
    link = re.search(r"http://\S+/account/password/choose/\S+?/(?=<)", answer.content.decode())
    assert link is not None
    opened = Client().get(link.group().replace("http://127.0.0.1:8080", ""))
    assert opened.status_code in (200, 302)
    assert powers("newcomer") == ({"moderator"}, {"us"})
    actor = acts_on("newcomer")[0][0]
    assert actor.startswith("person:")
    assert {act for _, act in acts_on("newcomer")} >= {"person.added", "person.role_given", "person.cleared"}
    assert link.group() not in page_of(admin, "/person/newcomer/")


@pytest.mark.parametrize(
    ("name", "fields", "says"),
    [
        ("ada", {"zones": ["us"]}, "somebody is named &#x27;ada&#x27; already"),
        ("lee", {"roles": ["moderator"]}, "Choose at least one zone that you are cleared for."),
        ("lee", {"zones": ["eu"]}, "eu is not one of the available choices"),
        ("lee", {"zones": ["us"], "roles": ["emperor"]}, "emperor is not one of the available choices"),
        ("a b", {"zones": ["us"]}, "Enter a valid username"),
        ("lee", {"zones": ["us"], "email": "no address"}, "Enter a valid email address"),
        ("", {"zones": ["us"]}, "This field is required"),
    ],
)
def test_an_invitation_that_does_not_fit_is_told_and_adds_nobody(
    admin: Any, name: str, fields: dict[str, Any], says: str
) -> None:
    from tidegate.server.people.models import User

    with everywhere():
        before = User.objects.count()
    answer = invited(admin, name, **fields)
    assert answer.status_code == 422
    assert says in answer.content.decode()
    with everywhere():
        assert User.objects.count() == before


def test_roles_and_zones_become_those_that_were_chosen(admin: Any) -> None:
    invited(admin, "mo", roles=["moderator", "qa"], zones=["us"])
    shown = page_of(admin, "/person/mo/")
    assert re.search(r'value="moderator"[^>]*checked', shown)
    assert not re.search(r'value="auditor"[^>]*checked', shown)
    assert "Saved." in done(admin, "mo", "change", roles=["moderator", "lead"], zones=["us"])
    assert powers("mo") == ({"moderator", "lead"}, {"us"})
    assert [act for _, act in acts_on("mo")][-2:] == ["person.role_given", "person.role_taken"]
    assert "Choose at least one zone" in done(admin, "mo", "change", roles=["moderator"])
    assert "There is no such role or zone." in done(admin, "mo", "change", roles=["qa"], zones=["us", "eu"])
    assert powers("mo") == ({"moderator", "lead"}, {"us"})


def test_whoever_is_deactivated_is_out_and_can_be_let_in_again(admin: Any) -> None:
    theirs = signed_in("dee", ["moderator"], ["us"])
    assert theirs.get("/").status_code == 200
    assert "Is not let in." in done(admin, "dee", "let-in", active="no")
    assert theirs.get("/").status_code == 302
    assert "Deactivate" in done(admin, "dee", "let-in", active="yes")
    assert theirs.get("/").status_code == 302, "sessions that have ended do not begin again"
    assert "Say whether to let this person in." in done(admin, "dee", "let-in")
    assert [act for _, act in acts_on("dee")][-2:] == ["person.deactivated", "person.activated"]


def test_lost_factors_are_removed_and_a_new_link_forgets_the_password(admin: Any) -> None:
    from allauth.mfa.utils import is_mfa_enabled

    from tidegate.server.people.models import User

    theirs = signed_in("flo", ["lead"], ["us"])
    assert theirs.get("/").status_code == 200
    assert "The second factors are removed" in done(admin, "flo", "second-factors")
    assert theirs.get("/").url.startswith("/account/login/")
    with everywhere():
        assert not is_mfa_enabled(User.objects.get(username="flo"))
    answer = admin.post("/person/flo/link")
    assert "/account/password/choose/" in answer.content.decode()
    with everywhere():
        assert not User.objects.get(username="flo").has_usable_password()


def test_whoever_is_cleared_for_more_cannot_be_changed_and_nobody_changes_themselves(admin: Any) -> None:
    from tidegate.server.people.models import User

    for name, roles, zones in (("wide", ["moderator"], ["us", "eu"]), ("ada", ["admin"], ["us"])):
        if name == "wide":
            signed_in(name, roles, zones)
        before = powers(name), acts_on(name)
        shown = page_of(admin, f"/person/{name}/")
        assert '<form method="post" action="/person' not in shown
        assert "eu" not in re.sub(r"<[^>]*>", "", shown).split()
        for act, fields in (
            ("change", {"roles": ["auditor"], "zones": ["us"]}),
            ("let-in", {"active": "no"}),
            ("second-factors", {}),
            ("link", {}),
        ):
            assert "The operator of this service" in done(admin, name, act, **fields)
        assert (powers(name), acts_on(name)) == before
        with everywhere():
            assert User.objects.get(username=name).has_usable_password()


def test_people_of_another_zone_are_not_there(admin: Any) -> None:
    signed_in("elsa", ["moderator"], ["eu"])
    assert "elsa" not in page_of(admin, "/people/")
    same_answer_and_work(admin, "/person/elsa/", "/person/nobody/", {})
    for act in ("change", "let-in", "second-factors", "link"):
        fields = {"roles": ["auditor"], "zones": ["us"], "active": "no"}
        theirs, nobodys = (admin.post(f"/person/{name}/{act}", fields) for name in ("elsa", "nobody"))
        assert (theirs.status_code, theirs.content) == (404, nobodys.content)
    assert powers("elsa") == ({"moderator"}, {"eu"})


def test_a_key_is_made_shown_once_used_and_revoked(admin: Any) -> None:
    from django.test import Client

    fields = {"name": "shop", "zone": "us", "scopes": ["items"], "per_minute": "60"}
    answer = admin.post("/keys/make", fields)
    key = re.search(r"tg_[\w-]+", answer.content.decode())
    assert key is not None
    headers = {"Authorization": f"Bearer {key.group()}"}
    assert Client().get("/api/v1/items", headers=headers).status_code == 200
    shown = page_of(admin, "/keys/")
    assert "shop" in shown
    assert key.group() not in shown
    assert "feed-us" in shown
    assert "feed-eu" not in shown
    assert "there is a key &#x27;shop&#x27; already" in admin.post("/keys/make", fields).content.decode()
    told = admin.post("/keys/revoke", {"name": "shop"}, follow=True).content.decode()
    assert "shop is revoked." in told
    assert Client().get("/api/v1/items", headers=headers).status_code == 401


def test_a_key_of_another_zone_cannot_be_revoked_and_none_made_there(admin: Any) -> None:
    from tidegate.server.people.models import ApiKey

    theirs, nobodys = (
        re.findall(
            r"there is no key [^<]*", admin.post("/keys/revoke", {"name": name}, follow=True).content.decode()
        )
        for name in ("feed-eu", "never-made")
    )
    assert [one.replace("feed-eu", "never-made") for one in theirs] == nobodys != []
    with everywhere():
        assert ApiKey.objects.get(name="feed-eu").revoked_at is None
    for fields in (
        {"name": "far", "zone": "eu", "scopes": ["items"]},
        {"name": "far", "zone": "us", "scopes": ["launches"]},
        {"name": "far", "zone": "us", "scopes": ["metrics"]},
        {"name": "far", "zone": "us", "scopes": []},
        {"name": "far away", "zone": "us", "scopes": ["items"]},
    ):
        assert admin.post("/keys/make", fields).status_code == 422
    with everywhere():
        assert not ApiKey.objects.filter(name__startswith="far").exists()


def test_who_may_publish_strategies_may_give_that_to_a_key(inside: Path) -> None:
    both = signed_in("both", ["admin", "policy"], ["us"])
    fields = {"name": "releases", "zone": "us", "scopes": ["launches"]}
    assert both.post("/keys/make", fields).status_code == 200


def test_pages_are_in_chinese_for_whoever_reads_it(admin: Any) -> None:
    from django.test import Client

    shown = admin.get("/keys/", headers={"Accept-Language": "zh-Hans"}).content.decode()
    assert "创建密钥" in shown
    assert Client().get("/keys/").status_code == 302
