"""Turn a workspace into feeds ready to run; what is wrong with one feed stops that feed only."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec
import pydantic

from ..board import Board
from ..config import FeedConfig, Workspace
from ..duration import parse_rate
from ..errors import CollabDashError, ConfigError, PluginError
from ..event import unix_ms
from ..feed import Feed
from ..plugins import how_to_install, load
from ..rules import Rule
from ..wire import FeedStatus
from ..workspace_faults import faults_of
from ..workspace_models import FeedTable
from ..workspace_rules import Target
from .limiter import Limit

_log = logging.getLogger("collab_dash.hub")


DEFAULT_LIMIT = "2000/s"


class ConfiguredFeed(NamedTuple):
    """
    A feed ready to run.

    Args:
        plugin: The plugin's name.
        feed: The feed.
        limit: How much of it may be recorded, or None for all.

    """

    plugin: str
    feed: Feed[Any]
    limit: Limit | None = None

    def same_upstream(self, other: ConfiguredFeed) -> bool:
        """Tell whether both want the same of the same source, so that one connection does for both."""
        return (self.plugin, self.feed.options) == (other.plugin, other.feed.options)


@dataclass(frozen=True, slots=True)
class Configured:
    """
    What a hub runs.

    Args:
        board: What peers show.
        feeds: By name.
        problems: Feeds that cannot run, each with a status that says why.
        rules: When to alert whom.
        targets: Where to send alerts, by name.
        edit_rate: How many messages a second a replica of the document may send in the long run; None for any number.

    """

    board: Board
    feeds: dict[str, ConfiguredFeed] = field(default_factory=dict)
    problems: list[FeedStatus] = field(default_factory=list)
    rules: tuple[Rule, ...] = ()
    targets: dict[str, Target] = field(default_factory=dict)
    edit_rate: float | None = None


def configure(workspace: Workspace) -> Configured:
    """Load every feed's plugin, validate its options, and add the plugins' own taste to the board."""
    feeds: dict[str, ConfiguredFeed] = {}
    problems = [_problem(problem.feed, "", problem.message, problem.hint) for problem in workspace.problems]
    for name, wanted in workspace.feeds.items():
        try:
            feeds[name] = configure_feed(workspace, wanted)
        except CollabDashError as error:
            problems.append(_problem(name, wanted.use, str(error), error.hint))
    for problem in problems:
        _log.warning("%s%s", problem.reason, f" ({problem.hint})" if problem.hint else "")
    tastes = {name: configured.feed.pane for name, configured in feeds.items()}
    board = msgspec.structs.replace(workspace.board, tastes=tastes)
    edit_rate = None if workspace.edit_limit == "off" else parse_rate(workspace.edit_limit)
    return Configured(board, feeds, problems, workspace.rules, workspace.targets, edit_rate)


def configure_feed(workspace: Workspace, wanted: FeedConfig) -> ConfiguredFeed:
    """
    Load one feed's plugin and validate its options.

    Raises:
        PluginError: If the plugin cannot be loaded, or a library it needs is not installed.
        ConfigError: If its options or its limit are not valid.

    """
    try:
        plugin = load(wanted.use, workspace.folder)
    except PluginError as error:
        where = wanted.source.at(("feeds", wanted.name, "use"))
        raise PluginError(f"{where}: [feeds.{wanted.name}]: {error}", hint=error.hint) from error
    if missing := plugin.missing():
        where = wanted.source.at(("feeds", wanted.name, "use"))
        reason = f"{where}: [feeds.{wanted.name}]: {wanted.use} needs a library that is not installed"
        raise PluginError(reason, hint=how_to_install(missing))
    try:
        feed = plugin.configure(wanted.options)
    except pydantic.ValidationError as error:
        raise _fault(wanted, plugin.options_model(), error) from None
    return ConfiguredFeed(wanted.use, feed, _limit(wanted, feed))


def _limit(wanted: FeedConfig, feed: Feed[Any]) -> Limit | None:
    """Read how much may be recorded; a source that can wait has no limit of its own accord."""
    try:
        table = FeedTable.model_validate({"use": wanted.use, **wanted.intake})
    except pydantic.ValidationError as error:
        raise _fault(wanted, FeedTable, error) from None
    overflow = table.overflow or feed.overflow
    text = table.limit or ("off" if overflow == "wait" else DEFAULT_LIMIT)
    return None if text == "off" else Limit(parse_rate(text), overflow, text)


def _fault(wanted: FeedConfig, model: type[pydantic.BaseModel], error: pydantic.ValidationError) -> ConfigError:
    path = ("feeds", wanted.name)
    (_, fault), *_ = faults_of(error, model, source=wanted.source, path=path)
    return ConfigError(fault.message, hint=fault.hint or f"collab-dash feeds info {wanted.use} lists its options")


def _problem(name: str, plugin: str, reason: str, hint: str) -> FeedStatus:
    return FeedStatus(feed=name, plugin=plugin, state="failed", since=unix_ms(), reason=reason, hint=hint)
