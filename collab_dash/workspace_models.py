"""What may stand in a workspace file and in the user file, as models; their JSON schema helps editors."""

from __future__ import annotations

import shlex
from typing import Annotated, Any

import pydantic
from pydantic import Field

from .board import VIEWS, Pane
from .duration import parse_duration, parse_rate
from .feed import Overflow
from .rules import LONGEST, MAX_WAYS, NOTIFY, RuleError, parse_when
from .rules import MAX_NAME as MAX_RULE_NAME
from .transports.address import HttpHeaders, HttpUrl
from .type_globs import check_type_glob
from .wire import MAX_NAME
from .workspace_faults import nearest

EDIT_LIMIT = "200/s"


class _Table(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)


class SessionTable(_Table):
    """``[session]``: the session and its hub."""

    name: str | None = Field(None, min_length=1, description="The session's name; the folder's by default.")
    db: str | None = Field(None, min_length=1, description="The recording, beside the workspace file.")
    host: str = Field("127.0.0.1", min_length=1, description="The address the hub listens on.")
    port: int = Field(8765, ge=0, le=65535, description="The hub's port; 0 for any that is free.")
    read_only: bool = Field(False, description="Whether every link is a viewer's.")
    approve: bool = Field(False, description="Whether newcomers wait until a host lets them in.")
    tls_cert: str | None = Field(None, description="A certificate chain file, for https.")
    tls_key: str | None = Field(None, description="The certificate's key file.")
    edit_limit: str = Field(
        EDIT_LIMIT, description="How many edits of the shared document each program may make in the long run, or off."
    )
    label: str = Field("", max_length=24, description="A word shown in the top line at all times.")

    @pydantic.field_validator("edit_limit")
    @classmethod
    def _rate(cls, limit: str) -> str:
        if limit != "off":
            parse_rate(limit)
        return limit


class UserTable(_Table):
    """``[user]`` of the user file: what is yours alone."""

    name: str = Field("", max_length=MAX_NAME, description="What others call you; by default what you chose at first.")


class FeedTable(pydantic.BaseModel):
    """``[feeds.NAME]``: a plugin's name and the plugin's own options."""

    model_config = pydantic.ConfigDict(extra="allow", frozen=True)

    use: str = Field(min_length=1, description="The feed plugin: collab-dash feeds list names them.")
    limit: str | None = Field(
        None, description="How many events it may record in the long run: 2000/s, 30/m, or off. By default 2000/s."
    )
    overflow: Overflow | None = Field(
        None,
        description="What becomes of the rest: sample leaves some out, conflate keeps the latest of each key, "
        "wait slows the source down. By default as suits the plugin.",
    )

    @pydantic.field_validator("limit")
    @classmethod
    def _rate(cls, limit: str | None) -> str | None:
        if limit not in (None, "off"):
            parse_rate(limit)
        return limit


class PaneTable(_Table):
    """``[[pages.panes]]``: what is left out is chosen by the feed's plugin."""

    feed: str = Field("", description="The feed it shows.")
    feeds: list[str] = Field([], description="The feeds it shows, where there are several.")
    view: str = Field("", description="How it shows them.", json_schema_extra={"enum": list(VIEWS)})
    title: str = Field("", description="On the border; the feed's name by default.")
    columns: list[str] = Field([], description="Columns of a table or log, such as price or spark(price).")
    types: list[str] = Field([], description="Event types to show, such as ticker:*.")
    filter: str = Field("", description='Which events to show, such as mag >= 4.5 and place ~ "alaska".')
    field: str = Field("", description="What line, stat and bars draw: a path into the payload.")
    by: str = Field("", description="What bars counts by, and what line and stat split series by.")
    key: str = Field("", description="Show only this event key.")
    unit: str = Field("", description="Written after numbers; bytes and % are understood.")
    span: Annotated[int | str, Field(description="How much line and stat show (15m) and bars counts (60s).")] = 0
    width: int = Field(6, ge=1, le=12, description="Columns of the page's twelve.")
    height: int = Field(1, ge=1, le=100, description="Rows, relative to its neighbours.")

    @pydantic.field_validator("view")
    @classmethod
    def _known_view(cls, view: str) -> str:
        if view and view not in VIEWS:
            raise ValueError(f"there is no view {view!r}; {nearest(view, VIEWS)}")
        return view

    @pydantic.field_validator("types")
    @classmethod
    def _type_globs(cls, types: list[str]) -> list[str]:
        return [check_type_glob(name) for name in types]

    @pydantic.field_validator("filter")
    @classmethod
    def _compilable(cls, text: str) -> str:
        if text:
            from .filter import FilterError, compile_filter

            try:
                compile_filter(text)
            except FilterError as error:
                raise ValueError(str(error)) from None
        return text

    @pydantic.field_validator("span")
    @classmethod
    def _seconds(cls, span: int | str) -> int:
        seconds = int(parse_duration(str(span)))
        if seconds < 1:
            raise ValueError("a span is at least 1 s")
        return seconds

    @pydantic.model_validator(mode="after")
    def _one_way_to_name_feeds(self) -> PaneTable:
        if self.feed and self.feeds:
            raise ValueError("give either feed or feeds, not both")
        return self

    def as_pane(self) -> Pane:
        """Give the board's pane; what was left out stays at the default."""
        values: dict[str, Any] = self.model_dump(exclude={"feed", "feeds"})
        values |= {name: tuple(values[name]) for name in ("columns", "types")}
        return Pane(feeds=(self.feed,) if self.feed else tuple(self.feeds), **values)


class PageTable(_Table):
    """``[[pages]]``: a titled screenful of panes."""

    title: str = Field("", description="On its tab.")
    panes: list[PaneTable] = Field([], description="Its panes, in reading order.")


class RuleTable(_Table):
    """``[[rules]]``: when to alert whom."""

    when: str = Field(min_length=1, description="FEEDS: CONDITION, such as quakes: mag >= 4.5; * for all feeds.")
    name: str = Field("", max_length=MAX_RULE_NAME, description="What people call it; by default what it looks at.")
    hold: str = Field("0s", alias="for", description="How long the condition must hold, for each key: 30s.")
    cooldown: str = Field("1m", description="How long it is quiet after it fired, for each key.")
    notify: list[str] = Field(
        list(NOTIFY), max_length=MAX_WAYS, description="bell, toast, desktop, or targets by name."
    )
    enabled: bool = Field(True, description="Whether it is looked at.")

    @pydantic.field_validator("when")
    @classmethod
    def _readable(cls, when: str) -> str:
        try:
            parse_when(when)
        except RuleError as error:
            raise ValueError(str(error)) from None
        return when

    @pydantic.field_validator("hold", "cooldown")
    @classmethod
    def _span(cls, text: str) -> str:
        if parse_duration(text) > LONGEST:
            raise ValueError("a rule's times are at most a year")
        return text


def _split(command: Any) -> Any:
    return shlex.split(command) if isinstance(command, str) else command


class TargetTable(_Table):
    """``[targets.NAME]``: where the hub sends alerts; one of ntfy and command."""

    ntfy: HttpUrl | None = Field(None, description="An ntfy topic: https://HOST/TOPIC; ${NAME} for secrets.")
    headers: HttpHeaders = Field({}, description="Headers sent along to it; ${NAME} for secrets.")
    command: Annotated[list[str], pydantic.BeforeValidator(_split)] = Field(
        [], description="A program that takes the alert as JSON on standard input: a list, or a string with quotes."
    )

    @pydantic.model_validator(mode="after")
    def _one_way(self) -> TargetTable:
        if bool(self.ntfy) == bool(self.command):
            raise ValueError("give one of ntfy and command")
        if self.headers and not self.ntfy:
            raise ValueError("headers go with ntfy")
        return self


class WorkspaceFile(_Table):
    """A workspace: what a session shows and how its hub runs."""

    session: SessionTable = SessionTable()
    feeds: dict[str, FeedTable] = Field({}, description="Sources of events, by name.")
    pages: list[PageTable] = Field([], description="The board; by default one page with a pane for each feed.")
    rules: list[RuleTable] = Field([], description="When to alert whom.")
    targets: dict[str, TargetTable] = Field({}, description="Where the hub sends alerts, by name.")


class SettingsFile(_Table):
    """The user file: defaults for every workspace, and what is yours alone."""

    session: SessionTable = SessionTable()
    user: UserTable = UserTable()
