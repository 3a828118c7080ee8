"""A receiver at a public address that redirects to a private one: nothing goes there.

In a network of its own, a public address is an address of this machine, and the receiver a real one over TLS.
"""

from __future__ import annotations

import datetime
import http.server
import ipaddress
import json
import os
import ssl
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from tests.server.conftest import TIDEGATE, running

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
PUBLIC, PORT, INNER_PORT = "93.184.215.14", 8443, 8080
STATUSES = (301, 302, 303, 307, 308)
SETTINGS = """
[webhooks]
allow_private = false
first_wait_s = 0
tries = 2
"""
STRATEGY = """
strategy: plain
version: 1
rules:
  - {id: otherwise, then: allow}
"""


def test_a_redirect_to_a_private_address_is_not_followed(tmp_path: Path) -> None:
    tried = subprocess.run(["unshare", "--net", "true"], capture_output=True, check=False)
    if tried.returncode:
        pytest.skip("a network of its own can be made by root only")
    certificate(tmp_path)
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    workspace = tmp_path / "site"
    with running(workspace, environment, workers=1, strategy=STRATEGY, settings=SETTINGS) as service:
        url = f"https://{PUBLIC}:{PORT}/hooks"
        added = service.command("webhook", "hook", "--zone", "us", "--url", url)
        assert added.returncode == 0, added.stderr
        items = [{"id": f"{status}-item", "text": "Tea."} for status in (200, *STATUSES)]
        with service.client() as client:
            client.post("/items", json={"items": items}).raise_for_status()
        reached = json.loads(within_a_network(workspace, tmp_path, environment))
        dead = [line.split("\t") for line in service.command("webhook", "dead").stdout.splitlines()]
    assert sorted(reached["public"]) == sorted(["200-item", *[f"{status}-item" for status in STATUSES] * 2])
    assert reached["inner"] == []
    assert {(line[3], line[-1]) for line in dead} == {
        (f"{status}-item", f"answered {status}: redirects are not followed") for status in STATUSES
    }


def within_a_network(workspace: Path, tmp_path: Path, environment: dict[str, str]) -> str:
    """Both receivers and a worker, alone in a network; says what reached whom."""
    inner = [sys.executable, "-m", "tests.server.test_redirects", str(tmp_path), str(workspace)]
    environment = {**environment, "PYTHONPATH": str(ROOT), "SSL_CERT_FILE": str(tmp_path / "cert.pem")}
    done = subprocess.run(
        ["unshare", "--net", *inner], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def certificate(folder: Path) -> None:
    """cert.pem and key.pem of the public address, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "receiver")])
    now = datetime.datetime.now(datetime.UTC)
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(PUBLIC))])
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    plain = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, *plain))


class Receiver(http.server.ThreadingHTTPServer):
    """Answers with the status that the item's id begins with; a redirect leads to the private address."""

    def __init__(self, address: str, port: int) -> None:
        super().__init__((address, port), Handler)
        self.reached: list[str] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(http.server.BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        item = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["data"]["id"]
        self.server.reached.append(item)
        self.send_response(int(item.partition("-")[0]))
        self.send_header("Location", f"http://127.0.0.1:{INNER_PORT}/secret")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self) -> None:
        self.server.reached.append(self.path)
        self.send_error(404)

    def log_message(self, *_: object) -> None:
        pass


def inside(folder: Path, workspace: Path) -> None:
    """Run in the network of its own."""
    for command in (("link", "set", "lo", "up"), ("addr", "add", f"{PUBLIC}/32", "dev", "lo")):
        subprocess.run(["ip", *command], check=True)
    public, inner = Receiver(PUBLIC, PORT), Receiver("127.0.0.1", INNER_PORT)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    public.socket = context.wrap_socket(public.socket, server_side=True)
    for _ in range(2):  # what fails is due again at once, and is tried twice
        subprocess.run([*TIDEGATE, "worker", "--once"], cwd=workspace, check=True, stderr=subprocess.DEVNULL)
    print(json.dumps({"public": public.reached, "inner": inner.reached}))


if __name__ == "__main__":
    inside(Path(sys.argv[1]), Path(sys.argv[2]))
