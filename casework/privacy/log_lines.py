"""What must not stand in lines of the server's log: secrets that are part of an address."""

from __future__ import annotations

import logging
import re

#: The secret half of a secure link (``/link/TOKEN/``).
_IN_ADDRESS = re.compile(r"(/link/)[A-Za-z0-9_-]{20,}")


class WithoutSecrets(logging.Filter):
    """Writes "…" where a line would name such a secret; every line passes."""

    def filter(self, record: logging.LogRecord) -> bool:
        said = record.getMessage()
        if _IN_ADDRESS.search(said):
            record.msg, record.args = _IN_ADDRESS.sub(r"\1…", said), ()
        return True
