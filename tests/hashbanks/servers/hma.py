"""The curation calls of Hasher-Matcher-Actioner 2, for two banks that share their content numbers."""

from __future__ import annotations

import json
import re
from typing import Any

from .validating import Asked, Told, ValidatingServer, need

BANK = "NCII_SHARED"


class HMAServer(ValidatingServer):
    """``contents`` by number: bank, signals, and until when each is switched off (1: it is on)."""

    def __init__(self) -> None:
        super().__init__()
        self.contents: dict[int, dict[str, Any]] = {}
        self.banks = {BANK, "OTHER"}

    def put(
        self,
        value: str,
        *,
        kind: str = "pdq",
        bank: str = BANK,
        off_until: int = 1,
        number: int | None = None,
    ) -> int:
        number = number or max(self.contents, default=0) + 1
        self.contents[number] = {"bank": bank, "signals": {kind: value}, "off_until": off_until}
        return number

    def answer(self, asked: Asked) -> Told:
        found = re.fullmatch(r"/c/bank/([A-Z0-9_]+)(?:/(signal|content/(\d+)))?", asked.path)
        if not found:
            return Told(status=404)
        bank, what, number = found[1], found[2], int(found[3] or 0)
        if bank not in self.banks:
            return _json({"message": f"bank '{bank}' not found"}, 404)
        if asked.method == "GET" and what is None:
            return _json({"name": bank, "matching_enabled_ratio": 1.0})
        if asked.method == "POST" and what == "signal":
            return self._add(bank, asked)
        if what is None or what == "signal":
            return Told(status=405)
        if number not in self.contents:
            return _json({"message": f"content '{number}' not found"}, 404)
        if asked.method == "DELETE":
            del self.contents[number]
            return _json({"deleted": 1})
        return self._show(number, asked)

    def _add(self, bank: str, asked: Asked) -> Told:
        signals = asked.json()
        need(isinstance(signals, dict) and signals, "no signals given")
        for kind, value in signals.items():
            need(kind in ("pdq", "video_md5"), f"no such signal type {kind}")
            need(re.fullmatch(r"[0-9a-f]{64}" if kind == "pdq" else r"[0-9a-f]{32}", value), "invalid signal")
        [(kind, value)] = signals.items()
        return _json({"id": self.put(value, kind=kind, bank=bank), "signals": signals}, 201)

    def _show(self, number: int, asked: Asked) -> Told:
        need(asked.method == "GET", "method")
        content = self.contents[number]
        said = {
            "id": number, "disable_until_ts": content["off_until"], "collab_metadata": {},
            "original_media_uri": None, "bank": {"name": content["bank"], "matching_enabled_ratio": 1.0},
        }  # fmt: skip
        if asked.query.get("include_signals") == "true":
            said["signals"] = content["signals"]
        return _json(said)


def _json(value: Any, status: int = 200) -> Told:
    return Told(json.dumps(value).encode(), status)
