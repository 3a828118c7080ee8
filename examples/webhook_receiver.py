"""A receiver of Tidegate's webhooks, to start from: the standard library only.

    WEBHOOK_SECRET=whsec_… python examples/webhook_receiver.py --port 9000 --db received.db

It checks the signature and the age of a message, acts on each message once, and never lets an older message
of an item come after a newer one. What it knows lies in SQLite: the id is stored in the transaction of
the act, and the answer is sent when that is durable. In place of `act`, write what your platform is to do.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import hashlib
import hmac
import json
import os
import sqlite3
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

OLDEST_S = 300
"""A message that was signed longer ago, or further ahead, is refused: it may be a recording, played back."""
LONGEST = 1_000_000

SCHEMA = """
CREATE TABLE IF NOT EXISTS message (id TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS item (id TEXT PRIMARY KEY, sequence INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS act
    (number INTEGER PRIMARY KEY, item TEXT, sequence INTEGER, type TEXT, action TEXT);
"""


def genuine(secret: str, headers: dict[str, str], body: bytes, now: float) -> bool:
    """Whether the message is signed with this secret, and is of now."""
    message_id, sent_at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not message_id or not sent_at.isascii() or not sent_at.isdigit() or abs(now - int(sent_at)) > OLDEST_S:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    expected = hmac.digest(key, f"{message_id}.{sent_at}.".encode() + body, hashlib.sha256)
    # Several signatures may stand here while a secret is being changed.
    for one in headers.get("webhook-signature", "").split():
        version, _, signature = one.partition(",")
        try:
            given = base64.b64decode(signature)
        except binascii.Error:
            continue
        if version == "v1" and hmac.compare_digest(given, expected):
            return True
    return False


def take(db: sqlite3.Connection, message_id: str, message: dict) -> str:
    """Act on a message, if it is new and none newer of its item was acted on; say which it was."""
    data = message["data"]
    with db:
        db.execute("BEGIN IMMEDIATE")
        if db.execute("INSERT OR IGNORE INTO message VALUES (?)", (message_id,)).rowcount == 0:
            return "known already"
        newest = db.execute("SELECT sequence FROM item WHERE id = ?", (data["id"],)).fetchone()
        if newest is not None and newest[0] >= data["sequence"]:
            return "older than what was done"
        db.execute("INSERT OR REPLACE INTO item VALUES (?, ?)", (data["id"], data["sequence"]))
        act(db, message["type"], data)
    return "done"


def act(db: sqlite3.Connection, kind: str, data: dict) -> None:
    """What the platform does. Here it is written down."""
    db.execute(
        "INSERT INTO act (item, sequence, type, action) VALUES (?, ?, ?, ?)",
        (data["id"], data["sequence"], kind, data["action"]),
    )


class Handler(BaseHTTPRequestHandler):
    secret: str
    db: sqlite3.Connection
    lock = threading.Lock()

    def do_POST(self) -> None:
        length = int(self.headers.get("content-length", 0))
        if length > LONGEST:
            self._answer(413)
            return
        body = self.rfile.read(length)
        headers = {name.lower(): value for name, value in self.headers.items()}
        if not genuine(self.secret, headers, body, time.time()):
            print("refused: not signed with our secret, or too old", flush=True)
            self._answer(401)
            return
        message = json.loads(body)
        with self.lock:
            outcome = take(self.db, headers["webhook-id"], message)
        data = message["data"]
        print(f"{message['type']} {data['id']} {data['sequence']} {data['action']}: {outcome}", flush=True)
        self._answer(204)

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Its own lines say enough."""


def main() -> None:
    options = argparse.ArgumentParser(description="Receive Tidegate's webhooks.")
    options.add_argument("--host", default="127.0.0.1")
    options.add_argument("--port", type=int, default=9000)
    options.add_argument("--db", default="received.db")
    chosen = options.parse_args()
    if not os.environ.get("WEBHOOK_SECRET"):
        sys.exit("Put the secret that `tidegate webhook` printed into WEBHOOK_SECRET.")
    Handler.secret = os.environ["WEBHOOK_SECRET"]
    Handler.db = sqlite3.connect(chosen.db, check_same_thread=False, isolation_level=None)
    Handler.db.executescript("PRAGMA journal_mode = WAL;" + SCHEMA)
    server = ThreadingHTTPServer((chosen.host, chosen.port), Handler)
    print(f"receiving on http://{chosen.host}:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
