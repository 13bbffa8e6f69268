"""The documentation says what the code does: names, options, keys, codes, workspaces and links."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import click
import msgspec
import pydantic
import pytest
from textual.binding import Binding
from textual.keys import key_to_character

from collab_dash import errors, wire
from collab_dash.board import VIEWS
from collab_dash.cli import run
from collab_dash.cli.program import COMMANDS, load, program
from collab_dash.filter import compile_filter
from collab_dash.hub.handlers import BINDINGS
from collab_dash.mapping import MappedOptions
from collab_dash.plugins import available
from collab_dash.plugins import load as load_plugin
from collab_dash.predicates import FUNCTIONS
from collab_dash.rules import parse_when
from collab_dash.tui.app import BoardApp
from collab_dash.tui.panes.make import VIEWS as PANES
from collab_dash.tui.screens import (
    alerts,
    board,
    dialogs,
    form,
    introduce,
    knocks,
    people,
    picker,
    rules,
    share,
    speaking,
)
from collab_dash.tui.screens.help import HelpDialog
from collab_dash.tui.terminal import CODES
from collab_dash.tui.widgets.keys import is_ours
from collab_dash.workspace_models import (
    FeedTable,
    PageTable,
    PaneTable,
    RuleTable,
    SessionTable,
    TargetTable,
    UserTable,
)
from pages import FENCE, PAGES, REFERENCE, ROOT, blocks, keys_told, quoted, sections

_NAMES = {"slash": "/", "plus": "+", "escape": "Esc"}
_NAMES |= {f"shift+{letter}": letter.upper() for letter in "abcdefghijklmnopqrstuvwxyz"}


def commands() -> Iterator[tuple[str, click.Command]]:
    yield "", program
    for name, lazy in COMMANDS.items():
        command = load(lazy)
        yield name, command
        for inner_name, inner in getattr(command, "commands", {}).items():
            yield f"{name} {inner_name}", inner


def options_of(command: click.Command) -> set[str]:
    return {
        name
        for parameter in command.params
        if isinstance(parameter, click.Option) and not parameter.hidden
        for name in (*parameter.opts, *parameter.secondary_opts)
    }


EVERYWHERE = {"--debug", "--help", "-h"}
OPTIONS = {name: options_of(command) - EVERYWHERE for name, command in commands()}


def test_every_command_and_option_is_told() -> None:
    told = sections(REFERENCE / "commands.md")
    assert all(f"`{name}`" in told["Commands"] for name in EVERYWHERE)
    for name, options in OPTIONS.items():
        section = told[name.partition(" ")[0] or "collab-dash"]
        assert f"`{name}" in section or f"`collab-dash {name}".rstrip() in section, f"{name} is not told"
        missing = {option for option in options if not re.search(rf"{option}\b", section)}
        assert not missing, f"collab-dash {name}: {missing}"


def test_no_command_is_told_an_option_it_has_not() -> None:
    told = sections(REFERENCE / "commands.md")
    for name in ["", *COMMANDS]:
        known = set(chain.from_iterable(OPTIONS[path] for path in OPTIONS if path.partition(" ")[0] == name))
        told_options = set(re.findall(r"--[a-z][a-z-]*", told[name or "collab-dash"]))
        assert told_options <= known, f"collab-dash {name}: {told_options - known}"


def calls() -> Iterator[tuple[Path, str]]:
    """Give every call of the program that the documentation shows, without what is piped or chained to it."""
    for page in PAGES:
        text = page.read_text()
        shown = [body for info, body in FENCE.findall(text) if info.split()[:1] in (["sh"], ["console"], ["ini"])]
        shown += quoted(FENCE.sub("", text))
        for code in "\n".join(shown).splitlines():
            for call in re.findall(r"(?:^|\s|/bin/)collab-dash ([^|;&\n]*)", code):
                yield page, call


def test_calls_name_commands_and_options_that_exist() -> None:
    seen = list(calls())
    assert len(seen) > 80
    for page, call in seen:
        words = re.findall(r"[^\s\[\]]+", re.sub(r"'[^']*'|\"[^\"]*\"|#.*", "X", call))
        name = words[0] if words else ""
        if re.fullmatch(r"[a-z]+", name) is None:
            name = ""
        assert name in OPTIONS, f"{page.name}: collab-dash {call}"
        inner = f"{name} {words[1]}" if len(words) > 1 else name
        known = OPTIONS.get(inner, OPTIONS[name]) | EVERYWHERE
        used = {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)}
        assert used <= known, f"{page.name}: collab-dash {call}: {used - known}"
        if name in ("feeds", "config") and len(words) > 1:
            assert inner in OPTIONS, f"{page.name}: collab-dash {call}"


@pytest.mark.parametrize(
    ("heading", "model"),
    [
        ("[session]", SessionTable),
        ("[user]", UserTable),
        ("[feeds.NAME]", FeedTable),
        ("[[pages]]", PageTable),
        ("Panes", PaneTable),
        ("[[rules]]", RuleTable),
        ("[targets.NAME]", TargetTable),
    ],
)
def test_every_workspace_key_is_told(heading: str, model: type[pydantic.BaseModel]) -> None:
    section = sections(REFERENCE / "workspace.md")[heading]
    assert keys_told(section) == {field.alias or name for name, field in model.model_fields.items()}


def test_every_view_is_told() -> None:
    assert keys_told(sections(REFERENCE / "workspace.md")["Views"]) == set(VIEWS) == set(PANES)


def test_every_built_in_feed_and_option_is_told() -> None:
    shared = set(MappedOptions.model_fields)
    index = sections(REFERENCE / "feeds.md")
    assert keys_told(index["Feeds"]) == set(available())
    assert keys_told(index["Mapping messages to events"]) == shared
    assert {page.stem for page in (REFERENCE / "feeds").glob("*.md")} == set(available())
    for name in available():
        page = (REFERENCE / "feeds" / f"{name}.md").read_text()
        model = load_plugin(name).options_model()
        names = {field.alias or key for key, field in model.model_fields.items()}
        own = names - shared if shared <= names else names
        assert page.startswith(f"# {name}\n"), name
        assert keys_told(page) == own, name
        assert ("#mapping-messages-to-events" in page) == (shared <= names), name


def wire_names() -> set[str]:
    values = [value for value in vars(wire).values() if isinstance(value, str)]
    return {value for value in values if re.fullmatch(r"[a-z]+:[a-z]+", value)}


def test_every_name_on_the_wire_is_told() -> None:
    page = (REFERENCE / "wire.md").read_text()
    told = sections(REFERENCE / "wire.md")
    assert {name for name in wire_names() if name not in page} == set()
    requests = {f"| `{name}` | {binding.role} |" for name, binding in BINDINGS.items()}
    assert {row for row in requests if row not in told["Requests"]} == set()
    assert keys_told(told["Requests"]) == set(BINDINGS)
    assert keys_told(told["Error replies"]) == set(wire.Code)
    closes = {int(code): name for code, name in re.findall(r"\| (4\d{3}) \| `(\w+)`", told["Close codes"])}
    assert closes == {code.value: code.name for code in wire.Close}


@pytest.mark.parametrize(
    "struct",
    [
        wire.Hello,
        wire.Welcome,
        wire.Density,
        wire.Fault,
        wire.FeedStatus,
        wire.SessionStatus,
        wire.Recording,
        wire.Person,
        wire.Alert,
        wire.Knock,
    ],
)
def test_every_field_on_the_wire_is_told(struct: type[msgspec.Struct]) -> None:
    page = (REFERENCE / "wire.md").read_text()
    names = {field.encode_name for field in msgspec.structs.fields(struct)}
    assert {name for name in names if not re.search(rf"\b{name}\b", page)} == set()


def test_every_exception_and_exit_code_is_told() -> None:
    told = sections(REFERENCE / "errors.md")
    kinds = {name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, Exception)}
    assert keys_told(told["Exceptions"]) == kinds
    codes = {int(code) for code in re.findall(r"^\| (\d+) \|", told["Exit codes"], re.MULTILINE)}
    assert codes == {run.DONE, run.FAILED, run.USAGE, run.INTERRUPTED, *CODES.values()}


def bindings() -> Iterator[Binding]:
    modules = chain(
        vars(board).values(),
        *(
            vars(module).values()
            for module in (dialogs, alerts, form, introduce, knocks, people, picker, rules, share, speaking)
        ),
    )
    owners: list[Any] = [BoardApp, HelpDialog, *PANES.values(), *modules]
    kinds = {kind for owner in owners if isinstance(owner, type) for kind in owner.__mro__ if "BINDINGS" in vars(kind)}
    for kind in kinds:
        if kind.__module__.startswith("collab_dash"):
            yield from (binding for binding in Binding.make_bindings(vars(kind)["BINDINGS"]) if is_ours(binding))


def key_name(key: str) -> str:
    """Name a key as the reference does."""
    if key in _NAMES:
        return _NAMES[key]
    if re.fullmatch(r"shift\+[a-z]", key):
        return key[-1].upper()
    if re.fullmatch(r"f\d+", key):
        return key.upper()
    character = key_to_character(key)
    return character if character and character.isprintable() and character != " " else key


def test_every_key_of_the_board_is_told() -> None:
    page = (REFERENCE / "keys.md").read_text()
    keys = list(bindings())
    assert len(keys) > 30
    told = quoted(page)
    digits = {str(number) for number in range(2, 9)}  # told as 1 … 9
    assert {name for binding in keys if (name := key_name(binding.key)) not in told | digits} == set()
    assert {binding.description for binding in keys if binding.description not in page} == set()


def test_no_key_is_told_that_does_nothing() -> None:
    rows = re.split(r"^## ", (REFERENCE / "keys.md").read_text(), flags=re.MULTILINE)[0]
    known = {key_name(binding.key) for binding in bindings()}
    assert keys_told(rows) <= known


def test_every_variable_is_told() -> None:
    page = (REFERENCE / "environment.md").read_text()
    code = "\n".join(path.read_text() for path in (ROOT / "collab_dash").rglob("*.py"))
    assert {name for name in re.findall(r"\bCOLLAB_DASH_[A-Z_]+[A-Z]\b", code) if name not in page} <= {
        "COLLAB_DASH_SECTION__KEY"
    }
    assert len(re.findall(r"COLLAB_DASH_\w+_DIR", page)) == 3


def test_the_filter_language_is_told() -> None:
    page = REFERENCE / "filters.md"
    assert {name for name in FUNCTIONS if f"`{name}(x)`" not in page.read_text()} == set()
    examples = [line for block in blocks("text") if block.page == page for line in block.text.splitlines()]
    assert len(examples) >= 3
    for example in examples:
        compile_filter(example)


def test_rules_that_are_told_can_be_read() -> None:
    page = REFERENCE / "rules.md"
    examples = [line for block in blocks("text") if block.page == page for line in block.text.splitlines()]
    assert len(examples) >= 3
    for example in examples:
        parse_when(example)


def test_recipes_and_benchmarks_that_are_told_exist() -> None:
    recipes = set(re.findall(r"^([a-z]+)[^:=\n]*:$", (ROOT / "justfile").read_text(), re.MULTILINE))
    told = set(re.findall(r"`just ([a-z]+)", "\n".join(page.read_text() for page in PAGES)))
    assert told == recipes
    scripts = {path.name for path in (ROOT / "bench").glob("*.py")} - {"rig.py"}
    measured = (ROOT / "docs" / "explanation" / "measurements.md").read_text()
    assert set(re.findall(r"`bench/(\w+\.py)`", measured)) == scripts


def test_the_layers_are_told_as_they_are_checked() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    [layers] = [contract["layers"] for contract in contracts if contract["type"] == "layers"]
    page = ROOT / "docs" / "explanation" / "architecture.md"
    assert "\n".join(layers) + "\n" in [block.text for block in blocks("text") if block.page == page]
