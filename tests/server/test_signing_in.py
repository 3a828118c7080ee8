"""How people get in, what stops others, and that all of it is on the record."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import re
import struct
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("inside")

PASSWORD = "tide and gate and river"
Person = Callable[..., Any]


def code(secret: str, at: float | None = None) -> str:
    """The code of an authenticator app at a time (RFC 6238)."""
    counter = struct.pack(">Q", int((at or time.time()) // 30))
    digest = hmac.new(base64.b32decode(secret), counter, hashlib.sha1).digest()
    start = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[start : start + 4])[0] & 0x7FFFFFFF) % 10**6:06}"


class Token:
    """A security key in software: what a browser hands over of one (WebAuthn, section 5)."""

    def __init__(self, origin: str, host: str, name: bytes = b"") -> None:
        from cryptography.hazmat.primitives.asymmetric import ec

        self.origin, self.host, self.id = (
            origin,
            hashlib.sha256(host.encode()).digest(),
            name or os.urandom(16),
        )
        self._key, self._count = ec.generate_private_key(ec.SECP256R1()), 0

    def create(self, options: Any) -> str:
        from fido2.cose import ES256
        from fido2.webauthn import AttestationObject, AttestedCredentialData, AuthenticatorData

        public = ES256.from_cryptography_key(self._key.public_key())
        of_key = AttestedCredentialData.create(b"\0" * 16, self.id, public)
        data = AuthenticatorData.create(self.host, 0x41, 0, of_key)
        client = self._client("webauthn.create", options)
        return self._told(clientDataJSON=client, attestationObject=AttestationObject.create("none", data, {}))

    def get(self, options: Any) -> str:
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec
        from fido2.webauthn import AuthenticatorData

        self._count += 1
        data = AuthenticatorData.create(self.host, 0x01, self._count)
        client = self._client("webauthn.get", options)
        signature = self._key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        return self._told(clientDataJSON=client, authenticatorData=data, signature=signature)

    def _client(self, kind: str, options: Any) -> bytes:
        from fido2.webauthn import CollectedClientData

        challenge = options["publicKey"]["challenge"]
        return CollectedClientData.create(type=kind, challenge=challenge, origin=self.origin)

    def _told(self, **response: bytes) -> str:
        plain = {
            name: base64.urlsafe_b64encode(value).decode().rstrip("=") for name, value in response.items()
        }
        name = base64.urlsafe_b64encode(self.id).decode().rstrip("=")
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": plain})


@pytest.fixture(autouse=True)
def scope(inside: Path) -> Iterator[None]:
    """The tests look at the database as the operator; requests have a scope of their own."""
    from django.core.cache import cache

    from tidegate.server.zones.scope import EVERYWHERE, within

    cache.clear()
    with within(EVERYWHERE):
        yield


@pytest.fixture
def person(inside: Path) -> Person:
    from tidegate.server.people.persons import Change, set_person

    def make(*roles: str, zones: tuple[str, ...] = ("us",), password: bool = True, **change: Any) -> Any:
        made, _ = set_person(
            f"p-{uuid.uuid4().hex[:8]}", Change(roles=roles, zones=zones, **change), actor="test"
        )
        if password:
            made.set_password(PASSWORD)
            made.save()
        return made

    return make


def browser() -> Any:
    from django.test import Client

    return Client(enforce_csrf_checks=False)


def sign_in(client: Any, name: str, password: str = PASSWORD) -> Any:
    return client.post("/account/login/", {"login": name, "password": password})


def add_app(client: Any) -> str:
    """Add an authenticator app by its pages, the password first; returns its secret."""
    client.get("/account/2fa/totp/activate/")
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    page = client.get("/account/2fa/totp/activate/").content.decode()
    found = re.search(r'value="([A-Z2-7]{32})"', page)
    assert found is not None
    client.post("/account/2fa/totp/activate/", {"code": code(found.group(1))})
    return found.group(1)


def acts_of(person: Any) -> list[str]:
    from tidegate.server.ledger.models import Entry

    found = Entry.objects.filter(subject=person.actor, zone="site").order_by("number")
    return [act.removeprefix("person.") for act in found.values_list("act", flat=True)]


def test_a_link_lets_somebody_choose_a_password_once(person: Person) -> None:
    from tidegate.server.people.persons import welcome_link

    somebody = person("moderator", password=False)
    link = welcome_link(somebody, actor="test").removeprefix("http://127.0.0.1:8080")
    client = browser()
    page = client.get(link, follow=True)
    for weak in ("short", "123456789012", somebody.username, "password1234"):
        answer = client.post(page.request["PATH_INFO"], {"password1": weak, "password2": weak})
        assert answer.status_code == 200, weak
    done = client.post(page.request["PATH_INFO"], {"password1": PASSWORD, "password2": PASSWORD})
    assert done.url == "/account/password/chosen/"
    assert "has been used" in browser().get(link, follow=True).content.decode()
    assert sign_in(client, somebody.username).url == "/"
    assert "Hello" in client.get("/").content.decode()
    assert acts_of(somebody)[-3:] == ["link_made", "password_changed", "signed_in"]


def test_a_role_that_needs_it_does_nothing_before_the_second_factor(person: Person) -> None:
    from allauth.mfa.models import Authenticator

    somebody, client = person("auditor"), browser()
    sign_in(client, somebody.username)
    assert client.get("/ledger/").url == "/account/2fa/?next=%2Fledger%2F"
    assert client.get("/account/2fa/").content.decode().count("Your roles need a second factor") == 1
    secret = add_app(client)
    assert client.get("/ledger/").status_code == 200  # to add one is to show it
    assert secret not in str(Authenticator.objects.get(user=somebody, type="totp").data)

    client.post("/account/logout/")
    assert client.get("/ledger/").url.startswith("/account/login/")
    assert sign_in(client, somebody.username).url == "/account/2fa/authenticate/"
    assert client.get("/ledger/").url.startswith("/account/login/")
    wrong = client.post("/account/2fa/authenticate/", {"code": "000000"})
    assert "Incorrect code" in wrong.content.decode()
    shown = code(secret)
    assert client.post("/account/2fa/authenticate/", {"code": shown}).url == "/"
    assert client.get("/ledger/").status_code == 200
    other = browser()
    sign_in(other, somebody.username)
    assert other.post("/account/2fa/authenticate/", {"code": shown}).status_code == 200  # it serves once
    assert acts_of(somebody)[3:] == [
        *("signed_in", "second_factor_added", "second_factor_added"),  # the app, and recovery codes
        *("signed_out", "code_refused", "signed_in", "code_refused"),
    ]


def test_a_recovery_code_serves_once_when_the_app_is_lost(person: Person) -> None:
    somebody, client = person("lead"), browser()
    sign_in(client, somebody.username)
    add_app(client)
    page = client.get("/account/2fa/recovery-codes/").content.decode()
    codes = re.findall(r"<textarea[^>]*>([^<]*)", page)[0].split()  # a token elsewhere may look like a code
    assert len(codes) == 10
    for attempt, expected in ((codes[0], 302), (codes[0], 200), (codes[1], 302)):
        other = browser()
        sign_in(other, somebody.username)
        answer = other.post("/account/2fa/authenticate/", {"code": attempt})
        assert answer.status_code == expected


def test_lost_factors_are_removed_by_the_operator_and_asked_for_anew(person: Person) -> None:
    from tidegate.server.people.persons import forget_second_factors

    somebody, client = person("lead"), browser()
    sign_in(client, somebody.username)
    add_app(client)
    assert client.get("/").status_code == 200
    assert forget_second_factors(somebody, actor="test") == 1
    assert client.get("/").url.startswith("/account/login/"), "whoever is in by the lost one is out"
    other = browser()
    assert sign_in(other, somebody.username).url == "/"
    assert other.get("/").url.startswith("/account/2fa/")


def test_a_security_key_is_a_second_factor(person: Person) -> None:
    somebody, client, token = person("admin"), browser(), Token("http://testserver", "testserver")
    sign_in(client, somebody.username)
    client.get("/account/2fa/webauthn/add/")
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    page = client.get("/account/2fa/webauthn/add/")
    made = token.create(page.context_data["js_data"]["creation_options"])
    added = client.post("/account/2fa/webauthn/add/", {"name": "mine", "credential": made})
    assert added.status_code == 302, added.content.decode()
    assert client.get("/people/").status_code == 200

    other = browser()
    assert sign_in(other, somebody.username).url == "/account/2fa/authenticate/"
    asked = other.get("/account/2fa/authenticate/").context_data["js_data"]["request_options"]
    forged = Token("http://testserver", "testserver", token.id).get(asked)
    assert other.post("/account/2fa/authenticate/", {"credential": forged}).status_code == 200
    asked = other.get("/account/2fa/authenticate/").context_data["js_data"]["request_options"]
    assert other.post("/account/2fa/authenticate/", {"credential": token.get(asked)}).url == "/"
    assert other.get("/people/").status_code == 200


def test_five_wrong_passwords_lock_the_right_one_out_too(person: Person) -> None:
    somebody, other = person("moderator"), person("moderator")
    client = browser()
    for attempt in range(5):
        answer = sign_in(client, somebody.username, f"wrong {attempt}")
        assert "not correct" in answer.content.decode()
    for name in (somebody.username, somebody.username.upper()):
        locked = sign_in(browser(), name)
        assert "Too many failed login attempts" in locked.content.decode()
    assert sign_in(browser(), other.username).url == "/"
    for attempt in range(6):
        sign_in(client, f"nobody-{attempt}")
    assert "Too many failed login attempts" in sign_in(client, "another").content.decode()
    assert acts_of(somebody).count("refused") == 5


def test_codes_cannot_be_guessed_either(person: Person) -> None:
    somebody, client = person("lead"), browser()
    sign_in(client, somebody.username)
    secret = add_app(client)
    other = browser()
    sign_in(other, somebody.username)
    for attempt in range(5):
        assert other.post("/account/2fa/authenticate/", {"code": f"00000{attempt}"}).status_code == 200
    right = other.post("/account/2fa/authenticate/", {"code": code(secret, time.time() + 30)})
    assert right.status_code in (200, 429)
    assert other.get("/").url.startswith("/account/login/")


def test_a_name_that_nobody_has_is_answered_alike_and_not_recorded(person: Person) -> None:
    from tidegate.server.ledger.models import Entry

    somebody = person("moderator")
    answers = []
    for name in (somebody.username, "my-password-1"):
        page = sign_in(browser(), name, "wrong").content.decode().replace(name, "NAME")
        answers.append(re.sub(r'name="csrfmiddlewaretoken" value="[^"]*"', "", page))
    assert answers[0] == answers[1]
    assert not Entry.objects.filter(details__contains="my-password-1").exists()
    assert not Entry.objects.filter(subject__contains="my-password-1").exists()


def test_what_is_taken_away_is_gone_with_the_next_click(person: Person) -> None:
    from tidegate.server.people.persons import Change, set_person

    somebody, client = person("moderator"), browser()
    sign_in(client, somebody.username)
    assert client.get("/items/us/post-1").status_code == 200
    set_person(somebody.username, Change(drop_zones=["us"]), actor="test")
    assert client.get("/items/us/post-1").status_code == 404
    set_person(somebody.username, Change(drop_roles=["moderator"]), actor="test")
    assert client.get("/items/us/post-1").status_code == 403
    set_person(somebody.username, Change(active=False), actor="test")
    assert client.get("/").url.startswith("/account/login/")
    assert sign_in(browser(), somebody.username).status_code in (200, 302)
    assert "signed_in" not in acts_of(somebody)[-1]


def test_roles_and_zones_are_given_and_taken(person: Person) -> None:
    from tidegate.server.people.persons import Change, set_person

    somebody = person("lead", "qa", zones=("us", "eu"))
    change = Change(roles=["lead"], drop_roles=["qa", "policy"], drop_zones=["eu"])
    assert set_person(somebody.username, change, actor="test") == (somebody, False)
    assert list(somebody.given_roles.values_list("name", flat=True)) == ["lead"]
    assert list(somebody.clearances.values_list("zone", flat=True)) == ["us"]
    assert acts_of(somebody)[-2:] == ["role_taken", "clearance_taken"]  # what is there already is no act


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"roles": ["moderater"]}, "Did you mean 'moderator'?"),
        ({"zones": ["US"]}, "'US' is no name of a zone"),
        ({"zones": ["us', true); --"]}, "is no name of a zone"),
        ({"language": "fr"}, "Languages are en, zh-hans."),
        ({"time_zone": "Asia/Shangai"}, "Did you mean 'Asia/Shanghai'?"),
        ({"email": "no address"}, "valid email"),
    ],
)
def test_what_is_wrong_is_told_and_changes_nothing(inside: Path, change: dict[str, Any], says: str) -> None:
    from tidegate.errors import RunError
    from tidegate.server.people.models import User
    from tidegate.server.people.persons import Change, set_person

    with pytest.raises(RunError) as told:
        set_person("wrong", Change(**change), actor="test")
    assert says in str(told.value)
    assert not User.objects.filter(username="wrong").exists()


def test_an_address_is_one_persons_and_names_of_the_erased_are_nobodys(person: Person) -> None:
    from tidegate.errors import RunError
    from tidegate.server.people.persons import Change, set_person

    email = f"{uuid.uuid4().hex}@example.com"
    person(email=email)
    with pytest.raises(RunError, match="somebody else has this address"):
        person(email=email.upper())
    with pytest.raises(RunError, match="names that begin like this"):
        set_person("erased-1", Change(), actor="test")


def test_a_new_password_ends_the_other_sessions(person: Person) -> None:
    somebody, here, there = person("moderator"), browser(), browser()
    for client in (here, there):
        sign_in(client, somebody.username)
    new = PASSWORD + " and sea"
    changed = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    assert here.post("/account/password/change/", changed).status_code == 302
    assert here.get("/").status_code == 200
    assert there.get("/").status_code == 302


def test_a_look_at_content_is_on_the_record(person: Person) -> None:
    from tidegate.server.content.models import Item
    from tidegate.server.ledger.models import Entry

    somebody, client = person("moderator"), browser()
    sign_in(client, somebody.username)
    client.get("/items/us/post-2")
    client.get("/items/us/never-sent")
    client.get("/items/eu/post-1")
    item = Item.objects.get(zone="us", external_id="post-2")
    seen = Entry.objects.filter(actor=somebody.actor, act="item.seen")
    assert list(seen.values_list("zone", "subject")) == [("us", f"item:{item.pk}:1")]


def test_pages_speak_to_each_in_their_language_and_time(person: Person) -> None:
    somebody, client = person("moderator"), browser()
    assert (
        "登录"
        in client.get("/account/login/", headers={"Accept-Language": "zh-CN,zh;q=0.9"}).content.decode()
    )
    sign_in(client, somebody.username)
    utc = re.findall(r"<time[^>]*>([^<]+)<", client.get("/items/us/post-1").content.decode())
    saved = client.post("/account/", {"language": "zh-hans", "time_zone": "Asia/Shanghai"})
    assert saved.status_code == 302
    assert 'lang="zh-hans"' in client.get("/account/", headers={"Accept-Language": "en"}).content.decode()
    there = re.findall(r"<time[^>]*>([^<]+)<", client.get("/items/us/post-1").content.decode())
    hours = [(int(b[11:13]) - int(a[11:13])) % 24 for a, b in zip(utc, there, strict=True)]
    assert set(hours) == {8}
    assert client.post("/account/", {"language": "xx", "time_zone": "Mars/Base"}).status_code == 200


def test_somebody_who_is_erased_leaves_acts_and_no_name(person: Person) -> None:
    from tidegate.server.ledger.actions import verify
    from tidegate.server.people.models import User
    from tidegate.server.people.persons import erase_person

    somebody, client = person("lead", email=f"{uuid.uuid4().hex}@example.com"), browser()
    sign_in(client, somebody.username)
    add_app(client)
    erase_person(somebody, actor="test")
    row = str(User.objects.filter(pk=somebody.pk).values().get())
    assert not re.search(r"p-[0-9a-f]{8}|example\.com", row)
    assert client.get("/").url.startswith("/account/login/")
    assert acts_of(somebody)[-1] == "erased"
    assert "signed_in" in acts_of(somebody)
    assert verify()[1] is None


def deployed(workspace: Path, script: str, **environment: str) -> str:
    settings = {
        "TIDEGATE_WORKSPACE": str(workspace),
        "DJANGO_SETTINGS_MODULE": "tidegate.server.settings",
        "TIDEGATE_URL": "https://tidegate.example.com",
    }
    done = subprocess.run(
        [sys.executable, "-c", f"import django; django.setup()\n{script}"],
        env={**os.environ, **settings, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_djangos_own_deployment_check_is_clean(inside: Path) -> None:
    script = (
        "from django.core.management import call_command\n"
        "call_command('check', deploy=True, fail_level='WARNING')\n"
        "from django.conf import settings; assert not settings.SILENCED_SYSTEM_CHECKS"
    )
    assert "no issues (0 silenced)" in deployed(inside, script)


def test_cookies_travel_by_https_alone_and_no_script_reads_them(inside: Path) -> None:
    script = (
        "from django.core.management import call_command; call_command('migrate', verbosity=0)\n"
        "from django.test import Client\n"
        "client = Client(headers={'Host': 'tidegate.example.com'})\n"
        "plain = client.get('/account/login/')\n"
        "print(plain.status_code, plain['Location'])\n"
        "proxied = {'X-Forwarded-Proto': 'https', 'X-Forwarded-For': '9.9.9.9'}\n"
        "page = client.get('/account/login/', headers=proxied)\n"
        "print(page['Strict-Transport-Security'], page.cookies.output())"
    )
    told = deployed(inside, script)
    assert "301 https://tidegate.example.com/account/login/" in told
    assert "max-age=31536000; includeSubDomains" in told
    assert re.search(r"__Host-csrf=.*HttpOnly; Max-Age=\d+; Path=/; SameSite=Lax; Secure", told)
