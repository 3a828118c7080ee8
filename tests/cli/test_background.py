"""The demo's service: stopped where it runs, and passed over where it has ended."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from tidegate.cli import background


class Alive(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is said."""


def test_another_service_at_the_address_of_one_that_has_ended_is_left_alone(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    server = HTTPServer(("127.0.0.1", 0), Alive)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    (tmp_path / background.PIDFILE).write_text(json.dumps({"pid": ended.pid, "url": url}))
    try:
        assert background.stop(tmp_path) is False
    finally:
        server.shutdown()
        server.server_close()
    assert background.stop(tmp_path) is False
