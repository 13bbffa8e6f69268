from __future__ import annotations

from typing import Any

import pydantic
import pytest

from collab_dash.workspace_faults import Source, faults_of, key_lines, nearest, shown

TEXT = '''\
top = 1
[session]
name = "x"       # a comment
"quoted key" = 2
text = """
[not.a.table]
no = "key"
"""

[feeds.btc]
use = "coinbase"
a.b = 3
[[pages]]
title = "One"
[[pages.panes]]
feed = "btc"
[[pages.panes]]
feed = "eth"
[[pages]]
[[pages.panes]]
feed = "x"
'''


def test_every_key_has_its_line() -> None:
    lines = dict(key_lines(TEXT))
    assert lines[("top",)] == 1
    assert lines[("session",)] == 2
    assert lines[("session", "name")] == 3
    assert lines[("session", "quoted key")] == 4
    assert ("session", "no") not in lines
    assert ("not", "a", "table") not in lines
    assert lines[("feeds", "btc", "use")] == 11
    assert lines[("feeds", "btc", "a", "b")] == 12
    assert lines[("pages", 0, "title")] == 14
    assert lines[("pages", 0, "panes", 1, "feed")] == 18
    assert lines[("pages", 1, "panes", 0, "feed")] == 21


def test_a_place_is_the_key_s_or_that_of_what_is_around_it() -> None:
    source = Source("wall.toml", TEXT, {("feeds", "btc", "use"): "environment"})
    assert source.at(("feeds", "btc", "a", "b")) == "wall.toml:12"
    assert source.at(("feeds", "btc", "headers", "A")) == "wall.toml:10"
    assert source.at(("feeds", "btc", "use")) == source.at(("feeds", "btc", "use", 0)) == "environment"
    assert source.at(("feeds",)) == "wall.toml:10"
    assert source.at(("pages", 0, "panes")) == "wall.toml:15"
    assert source.at(("nowhere",)) == "wall.toml"
    assert Source("environment").at(("session", "port")) == "environment"


@pytest.mark.parametrize("text", ["", "[", "[[x", "= 1", "a = [\n1,\n2]", '"""', "[a]\n[[a]]", "\x00 = 1", "[]\na=1"])
def test_no_text_is_too_odd(text: str) -> None:
    assert isinstance(list(key_lines(text)), list)


def test_the_nearest_name_or_all_of_them() -> None:
    assert nearest("nmae", ["name", "port"]) == "did you mean 'name'?"
    assert nearest("zzz", ["name", "port"]) == "known here: name, port"
    assert nearest("zzz", []) == "known here: none"


class Options(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid")

    url: str
    port: int = 1
    names: list[str] = []
    headers: dict[str, str] = {}
    span: int | str = 1
    on: bool = False
    rate: float = pydantic.Field(1.0, gt=0)
    short: str = pydantic.Field("x", min_length=1)


@pytest.mark.parametrize(
    ("values", "messages"),
    [
        ({}, ["f.toml:1: [feeds.a] lacks 'url'"]),
        ({"ulr": "x"}, ["f.toml:1: [feeds.a] has no key 'ulr'", "f.toml:1: [feeds.a] lacks 'url'"]),
        ({"url": 3}, ["f.toml:2: [feeds.a] url: should be text in quotes"]),
        ({"url": "", "port": "x"}, ["f.toml:1: [feeds.a] port: should be a whole number"]),
        ({"url": "", "port": 1.5}, ["f.toml:1: [feeds.a] port: should be a whole number"]),
        ({"url": "", "names": "x"}, ["f.toml:1: [feeds.a] names: should be a list in [ ]"]),
        ({"url": "", "names": ["x", 3]}, ["f.toml:1: [feeds.a] names.1: should be text in quotes"]),
        ({"url": "", "headers": {"A": 1}}, ["f.toml:1: [feeds.a] headers.A: should be text in quotes"]),
        ({"url": "", "headers": 1}, ["f.toml:1: [feeds.a] headers: should be a table"]),
        ({"url": "", "span": []}, ["f.toml:1: [feeds.a] span: should be a whole number"]),
        ({"url": "", "on": "perhaps"}, ["f.toml:1: [feeds.a] on: should be true or false"]),
        ({"url": "", "rate": "x"}, ["f.toml:1: [feeds.a] rate: should be a number"]),
        ({"url": "", "rate": -1}, ["f.toml:1: [feeds.a] rate: Input should be greater than 0"]),
        ({"url": "", "short": ""}, ["f.toml:1: [feeds.a] short: String should have at least 1 character"]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_in_the_file_s_words(values: dict[str, Any], messages: list[str]) -> None:
    with pytest.raises(pydantic.ValidationError) as caught:
        Options.model_validate(values)
    source = Source("f.toml", "[feeds.a]\n" + ("url = 0" if "url" in values else ""))
    found = faults_of(caught.value, Options, source=source, path=("feeds", "a"))
    assert [fault.message for _, fault in found] == messages


def test_places_are_named_as_in_the_file() -> None:
    assert shown(("session",)) == "[session]"
    assert shown(("feeds", "btc")) == "[feeds.btc]"
    assert shown(("pages", 0)) == "page 1"
    assert shown(("pages", 0, "panes", 2)) == "page 1, pane 3"
