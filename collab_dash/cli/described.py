"""A workspace's configuration put into words for people and editors: the effective values, and the JSON schema."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from ..config import FeedConfig, Workspace
from ..errors import PluginError
from ..feed import Feed
from ..plugins import available, load
from ..workspace_models import WorkspaceFile
from ..workspace_rules import Target

HIDDEN = "(hidden)"
_SECRET = re.compile(r"header|token|secret|passw|auth|cookie|credential|api_?key", re.IGNORECASE)
_DEFINITIONS = "#/$defs/{model}"


def effective(workspace: Workspace) -> dict[str, Any]:
    """
    Give what a workspace amounts to, once all that bears on it was applied, and where each value came from.

    What is or may be secret is hidden; ``${NAME}`` stays as written, for it only names a secret.
    """
    return {
        "workspace": workspace.identity,
        "session": {
            "name": workspace.name,
            "db": str(workspace.db),
            "host": workspace.host,
            "port": workspace.port,
            "read_only": workspace.read_only,
            "tls_cert": None if workspace.tls_cert is None else str(workspace.tls_cert),
            "tls_key": None if workspace.tls_key is None else str(workspace.tls_key),
            "label": workspace.label,
        },
        "user": {"name": workspace.user},
        "feeds": {name: _shown(feed, workspace.folder) for name, feed in workspace.feeds.items()},
        "pages": msgspec.to_builtins(workspace.board.pages),
        "rules": msgspec.to_builtins(workspace.rules),
        "targets": {name: _target_shown(target) for name, target in workspace.targets.items()},
        "from": workspace.origins,
    }


def _shown(feed: FeedConfig, folder: Path) -> dict[str, Any]:
    private = _private_options(feed.use, folder)
    options = {key: HIDDEN if key in private else _without_secrets(key, value) for key, value in feed.options.items()}
    return {"use": feed.use, **feed.intake, **options}


def _target_shown(target: Target) -> dict[str, Any]:
    told = {"ntfy": _without_topic(target.ntfy), "headers": dict(target.headers), "command": list(target.command)}
    return {key: _without_secrets(key, value) for key, value in told.items() if value}


def _without_topic(url: str) -> str:
    """Hide an ntfy topic, unless the environment has it: whoever knows it can read along."""
    shown = _without_credentials(url)
    return shown if not url or "${" in shown else urlsplit(shown)._replace(path=f"/{HIDDEN}").geturl()


def _private_options(use: str, folder: Path) -> frozenset[str]:
    """Give the options that a plugin does not want to be seen: fields of its model with ``repr=False``."""
    plugin = _loaded(use, folder)
    if plugin is None:
        return frozenset()
    return frozenset(name for name, field in plugin.options_model().model_fields.items() if not field.repr)


def _loaded(use: str, folder: Path | None) -> type[Feed[Any]] | None:
    try:
        return load(use, folder)
    except PluginError:
        return None


def _without_secrets(key: str, value: Any) -> Any:
    if _SECRET.search(key):
        return HIDDEN
    if isinstance(value, dict):
        return {inner: _without_secrets(inner, each) for inner, each in value.items()}
    if isinstance(value, list):
        return [_without_secrets(key, each) for each in value]
    return _without_credentials(value) if isinstance(value, str) and "://" in value else value


def _without_credentials(url: str) -> str:
    """Hide what an address tells beside where it leads: user and password, query, fragment."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return HIDDEN
    _, told, host = parts.netloc.rpartition("@")
    hidden = {name: HIDDEN for name in ("query", "fragment") if getattr(parts, name)}
    return parts._replace(netloc=f"{HIDDEN}@{host}" if told else host, **hidden).geturl()


def workspace_schema(folder: Path | None) -> dict[str, Any]:
    """
    Give the JSON schema of a workspace file, with the options of every feed plugin that can be loaded.

    Args:
        folder: The workspace's folder, for its drop-ins.

    """
    plugins = {name: _loaded(name, folder) for name in available(folder)}
    models = {name: plugin.options_model() for name, plugin in plugins.items() if plugin is not None}
    mode: JsonSchemaMode = "validation"
    places, shared = models_json_schema(
        [(WorkspaceFile, mode), *((model, mode) for model in models.values())], ref_template=_DEFINITIONS
    )
    definitions = shared["$defs"]
    common = definitions["FeedTable"]["properties"]
    feeds = [_feed_schema(name, definitions[_name_in(places[model, mode])], common) for name, model in models.items()]
    feeds += [_feed_schema(name, {"type": "object"}, common) for name, plugin in plugins.items() if plugin is None]
    definitions["FeedTable"]["oneOf"] = feeds
    workspace = definitions.pop(_name_in(places[WorkspaceFile, mode]))
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **workspace, "$defs": definitions}


def _name_in(reference: dict[str, Any]) -> str:
    return str(reference["$ref"]).rpartition("/")[2]


def _feed_schema(name: str, options: dict[str, Any], common: dict[str, Any]) -> dict[str, Any]:
    """Add the keys that every feed has, and the one that names the plugin, to the schema of its options."""
    properties = {**common, "use": {"const": name}, **options.get("properties", {})}
    return {**options, "title": name, "properties": properties, "required": ["use", *options.get("required", [])]}
