"""Under which name and key packages are signed. Only workers can sign; the web can say which key to expect."""

from __future__ import annotations

from django.conf import settings

from casework.audit.notes import Signer, Verifier
from casework.privacy.keyring import read_key


def signer() -> Signer:
    """Name and signing key; raises ``KeyMissing`` where this process does not hold ``package.key``."""
    return Signer(settings.PACKAGE_SIGNER, bytes.fromhex(read_key("package.key")))


def verifier() -> Verifier:
    """Name and public key, for partners to compare; raises ``KeyMissing`` without ``package.pub``."""
    return Verifier(settings.PACKAGE_SIGNER, bytes.fromhex(read_key("package.pub")))
