"""As much of JSON Schema as our own schema uses: enough to tell whether it accepts a document."""

from __future__ import annotations

import re
from typing import Any

_TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "boolean": bool,
    "null": type(None),
}  # fmt: skip


def faults(schema: dict[str, Any], value: Any, root: dict[str, Any] | None = None, path: str = "$") -> list[str]:
    """Give what is wrong with a value, none if the schema accepts it."""
    root = root or schema
    if "$ref" in schema:
        name = schema["$ref"].removeprefix("#/$defs/")
        return faults(root["$defs"][name], value, root, path)
    found = [f"{path}: not {schema['const']!r}"] if "const" in schema and value != schema["const"] else []
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{path}: none of {schema['enum']}")
    if not _is(schema.get("type"), value):
        return [*found, f"{path}: of another type"]
    for word in ("anyOf", "oneOf"):
        accepted = [branch for branch in schema.get(word, []) if not faults(branch, value, root, path)]
        if word in schema and (not accepted or (word == "oneOf" and len(accepted) > 1)):
            found.append(f"{path}: {len(accepted)} of {word} accept {value!r}")
    if isinstance(value, str) and re.search(schema.get("pattern", ""), value) is None:
        found.append(f"{path}: does not match")
    if isinstance(value, list) and "items" in schema:
        for index, item in enumerate(value):
            found += faults(schema["items"], item, root, f"{path}[{index}]")
    if isinstance(value, dict):
        found += _members(schema, value, root, path)
    return found


def _is(kind: str | None, value: Any) -> bool:
    if kind is None or isinstance(value, bool):
        return kind in (None, "boolean")
    return isinstance(value, _TYPES[kind]) and kind != "boolean"


def _members(schema: dict[str, Any], value: dict[str, Any], root: dict[str, Any], path: str) -> list[str]:
    found = [f"{path}: lacks {name}" for name in schema.get("required", []) if name not in value]
    rest = schema.get("additionalProperties", True)
    for name, member in value.items():
        known = schema.get("properties", {}).get(name, rest)
        if known is False:
            found.append(f"{path}: {name} is unknown")
        elif isinstance(known, dict):
            found += faults(known, member, root, f"{path}.{name}")
    return found
