"""An example of what a platform runs to carry out decisions of Casework, or a partner to receive escalations.
Standard library only.

    CASEWORK_SECRET=whsec_… python docs/example_receiver.py --port 9000 --store receiver.db

It verifies Standard Webhooks signatures, does each message once however often it comes, and answers what it did.
Replace ``carry_out`` with what takes content down at your platform, ``take_in`` with what opens a matter in your
system, and put TLS in front of it (docs/webhooks.md).
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import hmac
import json
import os
import sqlite3
import time
import urllib.request
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOLERANCE = 300  # seconds
MOST_BYTES = 1_000_000


def carry_out(effect: dict[str, Any], store: sqlite3.Connection) -> dict[str, str]:
    """Do one effect: here a line in a table. Answer ``{"state": "done"}``, or ``failed`` with a reason."""
    place = effect["place"]
    if place is None:
        return {"state": "failed", "reason": "No place was named; a person has to find it."}
    store.execute("INSERT INTO effect VALUES (?, ?, ?)", (effect["id"], effect["wanted"], place["value"]))
    return {"state": "done"}


def take_in(matter: dict[str, Any], store: sqlite3.Connection) -> dict[str, str]:
    """Note one escalation: here a line in a table. Answer that it is here, under a number of our own; what a person
    finds out goes in a callback later. A later worker fetches the package (``request_for_package``)."""
    reference = f"REF-{matter['number']}"
    package = matter["package"] or {"sha256": "", "address": ""}
    row = (matter["escalation"], reference, package["address"], package["sha256"])
    store.execute("INSERT OR REPLACE INTO matter VALUES (?, ?, ?, ?)", row)
    return {"state": "acknowledged", "reference": reference}


def request_for_package(address: str, escalation: str, secret: str) -> urllib.request.Request:
    """A signed request for the encrypted package. Send it, hash what comes, compare, open it with age."""
    body = json.dumps({"type": "package.wanted", "data": {"escalation": escalation}}).encode()
    name, moment = f"msg_{uuid.uuid4()}", str(int(time.time()))
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.new(key, f"{name}.{moment}.".encode() + body, hashlib.sha256).digest()
    signature = "v1," + base64.b64encode(digest).decode()
    headers = {"webhook-id": name, "webhook-timestamp": moment, "webhook-signature": signature}
    return urllib.request.Request(address, body, {"Content-Type": "application/json", **headers})  # noqa: S310


def is_signed(headers: Any, body: bytes, secrets: list[str]) -> bool:
    """Whether one of *secrets* signed this within five minutes. Secrets change: take both for a while."""
    name, moment = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not (name and moment.isdecimal() and abs(time.time() - int(moment)) <= TOLERANCE):
        return False
    wanted = []
    for secret in secrets:
        key = base64.b64decode(secret.removeprefix("whsec_"))
        digest = hmac.new(key, f"{name}.{moment}.".encode() + body, hashlib.sha256).digest()
        wanted.append("v1," + base64.b64encode(digest).decode())
    offered = headers.get("webhook-signature", "").split()
    return any(hmac.compare_digest(one.encode(), each.encode()) for one in wanted for each in offered)


def answer_to(name: str, body: bytes, path: str) -> bytes:
    """Do what a message asks for unless it was done; the answer of the first time, in either case."""
    store = sqlite3.connect(path, timeout=30, isolation_level=None)
    try:
        store.execute(
            "BEGIN IMMEDIATE"
        )  # two copies that arrive at once: the second waits and finds the first
        store.execute("INSERT INTO hit VALUES (?)", (name,))
        known = store.execute("SELECT answer FROM message WHERE id = ?", (name,)).fetchone()
        if known is None:
            said = json.loads(body)
            results = {}
            if said["type"] == "effects.wanted":
                results = {effect["id"]: carry_out(effect, store) for effect in said["data"]["effects"]}
            elif said["type"] == "escalation.sent":
                results = {said["data"]["escalation"]: take_in(said["data"], store)}
            known = (json.dumps({"results": results}),)
            store.execute("INSERT INTO message VALUES (?, ?)", (name, known[0]))
        store.execute("COMMIT")  # the effect and the memory of it together, before anything is answered
        return str(known[0]).encode()
    finally:
        store.close()


def serve(port: int, path: str, secrets: list[str], *, slow: float = 0.0, refuse: int = 0) -> None:
    """Listen on loopback for ever. *slow* and *refuse* (the first so many get 503) are for trying retries out."""
    with sqlite3.connect(path) as store:
        store.execute("CREATE TABLE IF NOT EXISTS message (id TEXT PRIMARY KEY, answer TEXT NOT NULL)")
        store.execute("CREATE TABLE IF NOT EXISTS effect (id TEXT PRIMARY KEY, wanted TEXT, place TEXT)")
        store.execute("CREATE TABLE IF NOT EXISTS hit (id TEXT)")
        store.execute(
            "CREATE TABLE IF NOT EXISTS matter (id TEXT PRIMARY KEY, reference TEXT, address TEXT, sha256 TEXT)"
        )
    refused = [0]

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            if length > MOST_BYTES:
                return self.reply(413, b"")
            body = self.rfile.read(length)
            if not is_signed(self.headers, body, secrets):
                return self.reply(401, b"")
            if refused[0] < refuse:
                refused[0] += 1
                return self.reply(503, b"")
            answer = answer_to(self.headers["webhook-id"], body, path)
            time.sleep(slow)
            return self.reply(200, answer)

        def reply(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Quiet: addresses of imagery do not belong in a log."""

    class Quiet(ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            """Whoever hung up asks again, under the same id."""

    with Quiet(("127.0.0.1", port), Receiver) as server:
        print(server.server_address[1], flush=True)  # noqa: T201
        server.serve_forever()


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--port", type=int, default=9000)
    options.add_argument("--store", default="receiver.db")
    options.add_argument("--slow", type=float, default=0.0)
    options.add_argument("--refuse", type=int, default=0)
    chosen = options.parse_args()
    keys = os.environ["CASEWORK_SECRET"].split()
    serve(chosen.port, chosen.store, keys, slow=chosen.slow, refuse=chosen.refuse)
