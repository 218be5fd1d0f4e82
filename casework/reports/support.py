"""Who helps beside us: a data file that each desk edits (``support.toml``)."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings


@dataclass(frozen=True)
class Support:
    """Emergency numbers and organisations as the file has them; ``checked`` says when somebody last checked it."""

    checked: str
    emergency: tuple[dict[str, Any], ...]
    organisations: tuple[dict[str, Any], ...]

    def for_age(self, *, minor: bool) -> list[dict[str, Any]]:
        """The organisations that help at this age, those for this age alone first."""
        wanted = "under_18" if minor else "adult"
        fitting = [each for each in self.organisations if each["age"] in (wanted, "any")]
        return sorted(fitting, key=lambda each: each["age"] == "any")


def support() -> Support:
    """The desk's own file at ``$CASEWORK_HOME/support.toml``, else the one that comes with Casework."""
    own = settings.CASEWORK_HOME / "support.toml"
    return _read(own if own.is_file() else Path(__file__).with_name("support.toml"))


@lru_cache(maxsize=2)
def _read(path: Path) -> Support:
    data = tomllib.loads(path.read_text("utf-8"))
    return Support(
        checked=data.get("checked", ""),
        emergency=tuple(data.get("emergency", [])),
        organisations=tuple(data.get("organisation", [])),
    )
