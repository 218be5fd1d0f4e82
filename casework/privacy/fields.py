"""Columns that PostgreSQL, its backups and its administrator see only as ciphertext."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cryptography.fernet import InvalidToken
from django.core.exceptions import ImproperlyConfigured
from django.db import models

from .keyring import fields_cipher

if TYPE_CHECKING:
    _TextField = models.TextField[Any, Any]
else:
    _TextField = models.TextField


class Undecipherable(Exception):
    """A stored value opens with none of the keys in ``fields.keys``."""


class EncryptedTextField(_TextField):
    """Text under MultiFernet. It can't be filtered on: exact search goes through ``privacy.blind``."""

    def get_internal_type(self) -> str:
        return "TextField"

    def get_prep_value(self, value: Any) -> Any:
        if value in (None, ""):
            return value
        return fields_cipher().encrypt(str(value).encode()).decode("ascii")

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> Any:
        return self._decrypt(value)

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name not in ("isnull", "exact"):
            raise ImproperlyConfigured(f"An encrypted column has no lookup “{lookup_name}”.")
        return super().get_lookup(lookup_name)

    def _decrypt(self, value: str | None) -> Any:
        if value in (None, ""):
            return value
        try:
            return fields_cipher().decrypt(value.encode("ascii")).decode()
        except InvalidToken as error:
            raise Undecipherable(f"{self.model.__name__}.{self.name} opens with no key we hold.") from error


class EncryptedJSONField(EncryptedTextField):
    """A JSON document as one encrypted text."""

    _pyi_private_set_type: Any  # for the type checker's Django plugin: any JSON goes in and comes out
    _pyi_private_get_type: Any

    def get_prep_value(self, value: Any) -> Any:
        if value is None:
            return None
        return super().get_prep_value(json.dumps(value, ensure_ascii=False, separators=(",", ":")))

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> Any:
        text = self._decrypt(value)
        return None if text in (None, "") else json.loads(text)

    def to_python(self, value: Any) -> Any:
        return value

    def value_to_string(self, obj: models.Model) -> str:
        return json.dumps(self.value_from_object(obj))
