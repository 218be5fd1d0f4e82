"""A trusted time for a package (RFC 3161): that its signed list existed when a time-stamping authority said so.

Over the signed list and not over the archive: the list fixes every byte of it, and the authority learns only a hash.
The answer travels beside the encrypted archive, for it can't be in a list that it stamps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import rfc3161_client as tsp
from cryptography import x509

REQUEST_TYPE = "application/timestamp-query"
ANSWER_TYPE = "application/timestamp-reply"


class NotStamped(Exception):
    """An answer is no valid timestamp of this list by an authority we were told to believe."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """A checked answer: the authority's time (with zone), its serial number, and the answer itself in DER."""

    at: datetime
    serial: int
    answer: bytes


def request(note: bytes) -> tsp.TimeStampRequest:
    """A query over the SHA-256 of *note*, with a nonce, asking for the certificate; ``as_bytes()`` is its DER."""
    builder = tsp.TimestampRequestBuilder().data(note).hash_algorithm(tsp.HashAlgorithm.SHA256)
    return builder.nonce(nonce=True).cert_request(cert_request=True).build()


def checked(
    answer: bytes,
    asked: tsp.TimeStampRequest,
    note: bytes,
    roots: Sequence[bytes],
    intermediates: Sequence[bytes] = (),
) -> Stamp:
    """The stamp in *answer* (DER), once status, nonce, hash, signature and chain to one of *roots* (PEM) fit.

    Raises ``NotStamped``.
    """
    builder = tsp.VerifierBuilder.from_request(asked)
    for pem in roots:
        builder = builder.add_root_certificate(x509.load_pem_x509_certificate(pem))
    for pem in intermediates:
        builder = builder.add_intermediate_certificate(x509.load_pem_x509_certificate(pem))
    try:
        response = tsp.decode_timestamp_response(answer)
        builder.build().verify_message(response, note)
    except (ValueError, tsp.VerificationError) as error:
        raise NotStamped(f"The answer is not a valid timestamp of this package ({error}).") from error
    info = response.tst_info
    return Stamp(info.gen_time, info.serial_number, answer)
