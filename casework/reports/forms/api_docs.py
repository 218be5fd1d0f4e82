"""The OpenAPI document as rows for a page of our own: no third-party script draws it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

#: What each status of an error means, for the page that ``type`` of a problem points to.
PROBLEMS = {
    400: _("The request could not be read, or the upload was cut off. Nothing was kept."),
    401: _("No key, or a key that is unknown or revoked."),
    403: _("The key lacks the scope that this address needs."),
    404: _("There is nothing at this address for this key."),
    405: _("This address does not do that; the header Allow says what it does."),
    409: _("Something changed while the request ran. Nothing was filed; send it again."),
    411: _("The request does not say how long it is."),
    413: _("A file, or the report as a whole, is too large."),
    415: _("Send multipart/form-data or application/json."),
    422: _("The report can’t be filed as it is; “errors” names each field."),
    429: _("Too many requests with this key; the header Retry-After says how long to wait."),
    503: _(
        "A file could not be stored just now, or others were changing the same. Nothing was filed; try again."
    ),
}


def operations(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each operation of an OpenAPI *document*: method, path, words, parameters, body and answer fields."""
    schemas = document.get("components", {}).get("schemas", {})
    return [
        {
            "id": operation["operationId"],
            "method": method.upper(),
            "path": path,
            "summary": operation.get("summary", ""),
            "text": operation.get("description", ""),
            "parameters": [_parameter(each) for each in operation.get("parameters", [])],
            "types": sorted(operation.get("requestBody", {}).get("content", {})),
            "body": _fields(_body_schema(operation), schemas),
            "answers": [
                _answer(status, answer, schemas) for status, answer in operation.get("responses", {}).items()
            ],
        }
        for path, methods in document.get("paths", {}).items()
        for method, operation in methods.items()
    ]


def _parameter(parameter: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": parameter["name"],
        "place": parameter["in"],
        "required": parameter.get("required", False),
        "text": parameter.get("description", ""),
    }


def _body_schema(operation: Mapping[str, Any]) -> Mapping[str, Any]:
    return _first_schema(operation.get("requestBody", {}))


def _first_schema(described: Mapping[str, Any]) -> Mapping[str, Any]:
    contents: list[Mapping[str, Any]] = list(described.get("content", {}).values())
    schema: Mapping[str, Any] = contents[0].get("schema", {}) if contents else {}
    return schema


def _answer(status: str, answer: Mapping[str, Any], schemas: Mapping[str, Any]) -> dict[str, Any]:
    schema = _first_schema(answer)
    succeeded = status.startswith("2")
    return {
        "status": status,
        "text": answer.get("description", "") or (PROBLEMS.get(int(status), "") if not succeeded else ""),
        "fields": _fields(schema, schemas) if succeeded else [],
    }


def _fields(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> list[dict[str, Any]]:
    resolved = _resolve(schema, schemas)
    required = set(resolved.get("required", []))
    return [
        {
            "name": name,
            "type": _type(each, schemas),
            "required": name in required,
            "text": each.get("description", "").partition("\n\n")[0]
            if "*" in each.get("description", "")
            else each.get("description", ""),
            "choices": _choices(each, schemas),
        }
        for name, each in resolved.get("properties", {}).items()
    ]


def _resolve(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" in schema:
        return schemas.get(schema["$ref"].rpartition("/")[2], {})  # type: ignore[no-any-return]
    if len(schema.get("allOf", [])) == 1:
        return _resolve(schema["allOf"][0], schemas)
    return schema


def _type(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    resolved = _resolve(schema, schemas)
    if resolved.get("type") == "array":
        return str(_("list of %s")) % _type(resolved.get("items", {}), schemas)
    words = resolved.get("type", "")
    return f"{words} ({resolved['format']})" if resolved.get("format") else str(words)


def _choices(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> list[str]:
    return [str(choice) for choice in _resolve(schema, schemas).get("enum", []) if choice not in ("", None)]
