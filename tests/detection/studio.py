"""People who sign pictures with Content Credentials: certificates made on the spot, and the library's own builder."""

from __future__ import annotations

import datetime
import io
from collections.abc import Sequence
from typing import Any

import c2pa
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from PIL import Image

from detection.provenance import PURPOSES
from detection.trust import Trust, TrustList

TRAINED = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
CAMERA = TRAINED.replace("trainedAlgorithmicMedia", "digitalCapture")
MAIL = ExtendedKeyUsageOID.EMAIL_PROTECTION
DAY = datetime.timedelta(days=1)


def picture(format: str = "JPEG") -> bytes:
    """A benign picture."""
    out = io.BytesIO()
    Image.radial_gradient("L").convert("RGB").save(out, format)
    return out.getvalue()


def trusting(*studios: Studio) -> Trust:
    """A trust list for each studio, called as it is."""
    return Trust(tuple(TrustList(one.name, "2026-09-24", True, one.root) for one in studios))


def created(source: str = TRAINED, agent: str = "") -> dict[str, Any]:
    """The action of making a picture."""
    told = {"softwareAgent": {"name": agent}} if agent else {}
    return {"action": "c2pa.created", "digitalSourceType": source, **told}


def opened(*more: str) -> list[dict[str, Any]]:
    """The action of opening the first ingredient, and what was done to it."""
    return [
        {"action": "c2pa.opened", "parameters": {"ingredientIds": ["ingredient0"]}},
        *({"action": f"c2pa.{name}"} for name in more),
    ]


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: str,
    by: ec.EllipticCurvePrivateKey,
    *,
    authority: bool,
    use: x509.ObjectIdentifier = MAIL,
    until: datetime.timedelta = DAY,
) -> x509.Certificate:
    def named(text: str) -> x509.Name:
        return x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, text),
                x509.NameAttribute(NameOID.COMMON_NAME, text),
            ]
        )

    now = datetime.datetime.now(datetime.UTC)
    uses = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only",
         "decipher_only"), False,
    )  # fmt: skip
    builder = (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(named(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - DAY)
        .not_valid_after(now + until)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(digital_signature=True, key_cert_sign=authority, crl_sign=authority, **uses),
            critical=True,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), critical=False)
    )
    if not authority:
        builder = builder.add_extension(x509.ExtendedKeyUsage([use]), critical=False)
    return builder.sign(by, hashes.SHA256())


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


class Studio:
    """Somebody who signs pictures: a root that a trust list may hold, and a certificate under it.

    ``use`` is what the certificate is for, ``until`` how long it holds from now on.
    """

    def __init__(
        self, name: str = "Test Studio", *, use: x509.ObjectIdentifier = MAIL, until: datetime.timedelta = DAY
    ) -> None:
        root, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        self.name = name
        self.root = _pem(_certificate(f"{name} Root", root, f"{name} Root", root, authority=True))
        leaf = _certificate(name, key, f"{name} Root", root, authority=False, use=use, until=until)
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        self.info = (b"es256", (_pem(leaf) + self.root).encode(), private, None)

    def signed(
        self,
        picture: bytes,
        source: str = TRAINED,
        *,
        mime: str = "image/jpeg",
        remote: str = "",
        actions: Sequence[dict[str, Any]] = (),
        ingredients: Sequence[tuple[bytes, str]] = (),
        tool: str = "test studio",
        knowing: Trust | None = None,
    ) -> bytes:
        """The picture with credentials. ``ingredients`` are pictures and their relation, ``knowing`` the lists that
        the signer's own program trusts (and writes into the credentials).
        """
        manifest = {
            "claim_generator_info": [{"name": tool, "version": "1"}],
            "assertions": [
                {"label": "c2pa.actions.v2", "data": {"actions": list(actions) or [created(source)]}}
            ],
        }
        out = io.BytesIO()
        with (
            c2pa.Signer.from_info(c2pa.C2paSignerInfo(*self.info)) as signer,
            c2pa.Context.from_dict(_signing(knowing)) as context,
            c2pa.Builder(manifest, context=context) as builder,
        ):
            for number, (content, relation) in enumerate(ingredients):
                told = {"title": f"{number}.jpg", "relationship": relation, "label": f"ingredient{number}"}
                builder.add_ingredient(told, mime, io.BytesIO(content))
            if remote:
                builder.set_remote_url(remote)
                builder.set_no_embed()
            builder.sign(signer, mime, io.BytesIO(picture), out)
        return out.getvalue()


def _signing(knowing: Trust | None) -> dict[str, Any]:
    lists = knowing.lists if knowing else ()
    anchors = [
        {"trust_anchors": one.anchors, "trust_uri": one.name, "trust_kind": "manifest"} for one in lists
    ]
    return {
        "version": 1,
        "verify": {"verify_after_sign": False, "remote_manifest_fetch": False},
        "trust": {"trust_config": "\n".join(PURPOSES), **({"anchors": anchors} if anchors else {})},
    }
