"""The two things a reporter notes down: a public reference and a secret access code, both in Crockford's base 32.

The alphabet leaves out I, L, O and U; what people write instead (o for 0, l for 1) is read as what was meant.
"""

from __future__ import annotations

import hmac
import re
import secrets
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
REFERENCE_LENGTH = 8  # and one check character
ACCESS_CODE_LENGTH = 20  # 5 bits each: 100 bits
_MISREAD = str.maketrans({"O": "0", "I": "1", "L": "1"})

# OWASP's floor for Argon2id (19 MiB, 2 passes): the code itself has 100 bits, so the hash need not carry the weight,
# and a flood of guesses must not take the memory of the web process.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)


def _random(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def _doubled(value: int) -> int:
    # times x in GF(32) with x^5 + x^2 + 1: the weights are then 31 different powers
    return (value << 1) ^ (0b100101 if value & 0b10000 else 0)


def check_character(text: str) -> str:
    """The check character of *text* (at most 30 characters of the alphabet): a weighted sum over GF(32).

    Every single wrong character and every swap of two characters changes it.
    """
    total = 0
    for character in text:
        total = _doubled(total) ^ ALPHABET.index(character)
    return ALPHABET[_doubled(total)]


def normal(text: str) -> str:
    """*text* as it was meant: upper case, without spaces and hyphens, look-alikes replaced."""
    return re.sub(r"[\s\-–—·.]+", "", text).upper().translate(_MISREAD)


def new_reference() -> str:
    """A public reference: 8 random characters and a check character."""
    text = _random(REFERENCE_LENGTH)
    return text + check_character(text)


def is_reference(text: str) -> bool:
    """Whether *text* (already ``normal``) could be a reference: length, alphabet, check character."""
    if len(text) != REFERENCE_LENGTH + 1 or any(character not in ALPHABET for character in text):
        return False
    return hmac.compare_digest(check_character(text[:-1]), text[-1])


def shown_reference(reference: str) -> str:
    """A reference in groups, as people read it: ``7Q4M-2XK9-3``."""
    return f"{reference[:4]}-{reference[4:8]}-{reference[8:]}"


def new_access_code() -> str:
    """A secret access code: 20 random characters, 100 bits, without groups."""
    return _random(ACCESS_CODE_LENGTH)


def is_access_code(text: str) -> bool:
    """Whether *text* (already ``normal``) has the shape of an access code."""
    return len(text) == ACCESS_CODE_LENGTH and all(character in ALPHABET for character in text)


def shown_access_code(code: str) -> str:
    """An access code in groups of five."""
    return "-".join(code[start : start + 5] for start in range(0, len(code), 5))


def hash_access_code(code: str) -> str:
    """The Argon2id hash to store."""
    return _HASHER.hash(code)


@lru_cache(maxsize=1)
def _hash_of_nothing() -> str:
    return _HASHER.hash(new_access_code())


def code_matches(stored: str | None, code: str) -> bool:
    """Whether *code* (already ``normal``) belongs to the *stored* hash.

    For an unknown reference pass None: it costs the same work and is never true.
    """
    try:
        matches = _HASHER.verify(stored or _hash_of_nothing(), code)
    except (VerificationError, InvalidHashError):
        return False
    return matches and stored is not None
