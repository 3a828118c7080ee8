"""Single sign-on with a provider that speaks OpenID Connect over real HTTP, here on this machine."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
import uuid
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

pytestmark = pytest.mark.usefixtures("inside")
SECRET = "the client's secret"


class Provider(ThreadingHTTPServer):
    """A company's sign-in. Whoever comes is `claims`; codes serve once, with their verifier (PKCE)."""

    def __init__(self) -> None:
        from cryptography.hazmat.primitives.asymmetric import rsa

        super().__init__(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self.server_port}"
        self.key = rsa.generate_private_key(65537, 2048)
        self.claims: dict[str, Any] = {}
        self.codes: dict[str, dict[str, str]] = {}


class Handler(BaseHTTPRequestHandler):
    server: Provider

    def log_message(self, *_: Any) -> None:
        pass

    def _json(self, body: Any, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def do_GET(self) -> None:
        parts, issuer = urlsplit(self.path), self.server.issuer
        if parts.path == "/.well-known/openid-configuration":
            paths = {"authorization": "authorize", "token": "token", "userinfo": "userinfo"}
            self._json(
                {"issuer": issuer, "jwks_uri": f"{issuer}/jwks"}
                | {f"{name}_endpoint": f"{issuer}/{path}" for name, path in paths.items()}
            )
        elif parts.path == "/authorize":
            asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
            code = secrets.token_urlsafe(8)
            self.server.codes[code] = asked
            self.send_response(302)
            back = urlencode({"code": code, "state": asked["state"]})
            self.send_header("Location", f"{asked['redirect_uri']}?{back}")
            self.end_headers()
        else:
            self._json(self.server.claims)

    def do_POST(self) -> None:
        import jwt

        length = int(self.headers["Content-Length"])
        given = {name: values[0] for name, values in parse_qs(self.rfile.read(length).decode()).items()}
        asked = self.server.codes.pop(given["code"], None)
        verifier = hashlib.sha256(given.get("code_verifier", "").encode()).digest()
        if (
            asked is None
            or given.get("client_secret") != SECRET
            or asked["code_challenge"] != base64.urlsafe_b64encode(verifier).decode().rstrip("=")
        ):
            return self._json({"error": "invalid_grant"}, 400)
        now = int(time.time())
        claims = {
            "iss": self.server.issuer,
            "aud": "tidegate",
            "iat": now,
            "exp": now + 60,
            **self.server.claims,
        }
        token = jwt.encode(claims, self.server.key, algorithm="RS256")
        return self._json({"access_token": "a", "token_type": "Bearer", "id_token": token})


@pytest.fixture(scope="module")
def provider(inside: Path) -> Iterator[Provider]:
    with Provider() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture(params=[True, False], ids=["asks for a second factor", "asks for none"])
def trusted(request: pytest.FixtureRequest, provider: Provider) -> Iterator[bool]:
    """The company in the settings, as the section of tidegate.toml would put it there."""
    from django.conf import settings
    from django.test import override_settings

    from tidegate.server.zones.scope import EVERYWHERE, within

    app = {
        "provider_id": "company",
        "name": "Company",
        "client_id": "tidegate",
        "secret": SECRET,
        "settings": {"server_url": provider.issuer, "second_factor": request.param},
    }
    providers = {"openid_connect": settings.SOCIALACCOUNT_PROVIDERS["openid_connect"] | {"APPS": [app]}}
    with override_settings(SOCIALACCOUNT_PROVIDERS=providers), within(EVERYWHERE):
        yield request.param


def come_in(provider: Provider, **claims: Any) -> tuple[Any, Any]:
    """A browser that goes through the company's sign-in, and the last answer that it got."""
    from django.test import Client

    provider.claims = {"sub": f"sub-{claims.get('email')}", **claims}
    client = Client()
    assert "Sign in with Company" in client.get("/account/login/").content.decode()
    there = client.post("/account/oidc/company/login/?process=login")
    assert there.url.startswith(f"{provider.issuer}/authorize?")
    back = urlsplit(httpx.get(there.url).headers["Location"])
    return client, client.get(f"{back.path}?{back.query}")


def somebody(*roles: str) -> Any:
    from tidegate.server.people.persons import Change, set_person

    name = f"p-{uuid.uuid4().hex[:8]}"
    change = Change(roles=roles, zones=["us"], email=f"{name}@example.com")
    return set_person(name, change, actor="test")[0]


def test_who_is_there_with_this_address_gets_in(provider: Provider, trusted: bool) -> None:
    person = somebody("moderator")
    client, answer = come_in(provider, email=person.email, email_verified=True)
    assert answer.url == "/"
    assert person.username in client.get("/").content.decode()
    assert client.get("/items/us/post-1").status_code == 200


def test_the_companys_second_factor_counts_where_it_is_said_to(provider: Provider, trusted: bool) -> None:
    person = somebody("auditor")
    client, _ = come_in(provider, email=person.email, email_verified=True)
    if trusted:
        assert client.get("/ledger/").status_code == 200
    else:
        assert client.get("/ledger/").url.startswith("/account/2fa/")
        # They have no password, and can add a factor all the same.
        assert client.get("/account/2fa/totp/activate/").status_code == 200


@pytest.mark.parametrize("verified", [True, False])
def test_nobody_is_made_by_signing_in(provider: Provider, trusted: bool, verified: bool) -> None:
    from tidegate.server.people.models import User

    person = somebody("moderator")
    before = User.objects.count()
    # A stranger; and somebody who only claims to have the address.
    email = "stranger@example.com" if verified else person.email
    client, answer = come_in(provider, email=email, email_verified=verified)
    assert "Not known here" in answer.content.decode()
    assert client.get("/").url.startswith("/account/login/")
    assert User.objects.count() == before


def test_who_was_deactivated_stays_out(provider: Provider, trusted: bool) -> None:
    from tidegate.server.people.persons import Change, set_person

    person = somebody("moderator")
    set_person(person.username, Change(active=False), actor="test")
    client, answer = come_in(provider, email=person.email, email_verified=True)
    assert client.get("/").url.startswith("/account/login/")
    assert answer.status_code in (200, 302)


def test_a_code_of_another_browser_is_refused(provider: Provider, trusted: bool) -> None:
    from django.test import Client

    person = somebody("moderator")
    provider.claims = {"sub": "x", "email": person.email, "email_verified": True}
    there = Client().post("/account/oidc/company/login/?process=login")
    back = urlsplit(httpx.get(there.url).headers["Location"])
    other = Client()
    other.get(f"{back.path}?{back.query}")
    assert other.get("/").url.startswith("/account/login/")


SECTION = """
[[sign_in.oidc]]
id = "company"
name = "Company"
issuer = "https://login.example.com"
client_id = "tidegate"
secret_env = "TIDEGATE_OIDC_SECRET"
"""


def test_the_section_becomes_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tidegate.server.people.sign_in import oidc_apps, oidc_origins

    monkeypatch.setenv("TIDEGATE_OIDC_SECRET", SECRET)
    (tmp_path / "tidegate.toml").write_text(SECTION)
    (app,) = oidc_apps(tmp_path)
    assert (app["provider_id"], app["secret"]) == ("company", SECRET)
    assert app["settings"] == {"server_url": "https://login.example.com", "second_factor": False}
    assert oidc_origins(tmp_path) == ["https://login.example.com"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("issuer", "isuer"), "Did you mean 'issuer'?"),
        (('client_id = "tidegate"\n', ""), "'client_id' is missing"),
        (('"Company"', "3"), "'name' is missing"),
        (('secret_env', 'second_factor = "yes"\nsecret_env'), "true or false"),
    ],
)  # fmt: skip
def test_a_section_that_is_not_whole_is_told(tmp_path: Path, change: tuple[str, str], says: str) -> None:
    from tidegate.errors import WorkspaceError
    from tidegate.server.people.sign_in import companies

    (tmp_path / "tidegate.toml").write_text(SECTION.replace(*change, 1))
    with pytest.raises(WorkspaceError) as told:
        companies(tmp_path)
    assert says in str(told.value)
