"""The API held to its own OpenAPI documents: no 5xx, no undocumented status, no other shape."""

from __future__ import annotations

import subprocess
import sys
import uuid
from typing import Any

import pytest

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


@pytest.mark.slow
@pytest.mark.parametrize("document", ["/api/v1/openapi.json", "/v1/openapi.json"])
def test_nothing_breaks_and_nothing_is_answered_that_is_not_documented(service: Any, document: str) -> None:
    scopes = [
        word
        for scope in ("items", "events", "moderations", "launches", "exports")
        for word in ("--scope", scope)
    ]
    made = service.command("key", f"contract-{uuid.uuid4().hex[:8]}", "--zone", "us", *scopes)
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"{service.url}{document}"]
    options = ["--header", f"Authorization: Bearer {made.stdout.strip()}", "--checks", CHECKS, "--seed", "1"]
    limits = ["--max-examples", "150", "--phases", "examples,coverage,fuzzing", "--no-color"]
    try:
        done = subprocess.run([*command, *options, *limits], capture_output=True, text=True, check=False)
    finally:
        service.command("switch", "on", "everything")  # where it got so far
        service.command("activate", "text", "1")
    assert done.returncode == 0, done.stdout[-6_000:]
