"""`tidegate demo` ends with the service running, populated, and tells how to sign in."""

from __future__ import annotations

import os
import re
from pathlib import Path

import httpx
import pytest
from tests.server.conftest import free_port, run


def test_it_serves_what_it_says_until_it_is_stopped(tmp_path: Path) -> None:
    port, out = free_port(), tmp_path / "demo"
    environment = dict(os.environ) | {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/never"}
    asked = ("demo", "--items", "300", "--out", str(out), "--port", str(port))
    try:
        for _ in range(2):  # the second replaces the first, service and all
            done = run(*asked, cwd=tmp_path, environment=environment)
            assert done.returncode == 0, done.stderr
        url = re.search(r"The service runs at (\S+) with 300 of the posts", done.stdout)
        password = re.search(r"  mo   (\S+)   a moderator", done.stdout)
        assert url is not None
        assert password is not None
        with httpx.Client(base_url=url.group(1), follow_redirects=True, timeout=30) as browser:
            page = browser.get("/account/login/").text
            token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
            assert token is not None
            form = {"csrfmiddlewaretoken": token.group(1), "login": "mo", "password": password.group(1)}
            home = browser.post("/account/login/", data=form)
            assert home.status_code == 200
            counts = re.findall(r"<td>(us|sg)</td><td>(\d+)</td>", home.text)
        assert {zone for zone, _ in counts} == {"us", "sg"}
        assert sum(int(count) for _, count in counts) == 300
        site = {
            "cwd": out / "site",
            "environment": {k: v for k, v in os.environ.items() if k != "DATABASE_URL"},
        }
        assert "holds" in run("ledger", "verify", **site).stdout
    finally:
        stopped = run("demo", "--out", str(out), "--stop", cwd=tmp_path, environment=environment)
    assert "is stopped" in stopped.stderr
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url.group(1)}/health/live", timeout=5)
