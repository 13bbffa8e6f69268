from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.conftest import Cli
from collab_dash.plugins import is_trusted
from collab_dash.trusted import trust
from hubs import workspace_at
from processes import terminal

COUNTER = """
from collections.abc import AsyncIterator
from pydantic import Field
from collab_dash.event import Event
from collab_dash.feed import Feed, FeedContext, FeedOptions

class CounterOptions(FeedOptions):
    upto: int = Field(3, description="How far to count.")
    word: str = Field(description="What to count.")

class CounterFeed(Feed[CounterOptions]):
    summary = "Counts"

    async def events(self, context: FeedContext) -> AsyncIterator[Event]:
        context.note("counting")
        context.note("counting")
        for number in range(self.options.upto):
            yield Event(type="count:update", key=self.options.word, data={"n": number, "text": "\\x9b[2J"})
"""


def drop_in(folder: Path, content: str = COUNTER, *, name: str = "counter", trusted: bool = True) -> Path:
    file = folder / "feeds" / f"{name}.py"
    file.parent.mkdir(exist_ok=True)
    file.write_text(content)
    if trusted:
        trust(file)
    return file


def test_the_list_has_the_built_in_ones_and_the_drop_ins_and_where_from(cli: Cli, tmp_path: Path) -> None:
    file = drop_in(tmp_path)
    new = drop_in(tmp_path, name="new", trusted=False)
    code, out, err = cli("feeds", "list")
    assert (code, err) == (0, "")
    lines = {line.split()[0]: line for line in out.splitlines()}
    assert {"NAME", "coinbase", "exec", "file", "sse", "websocket", "polling", "long-polling", "stdin"} <= set(lines)
    assert lines["system"].split()[1] == "local"
    assert lines["system"].endswith("collab-dash 0.1.0")
    assert lines["counter"].split() == ["counter", "local", "Counts", str(file)]
    assert f"cannot be used: feed plugin {new} is not trusted yet" in lines["new"]


def test_info_tells_the_options(cli: Cli, tmp_path: Path) -> None:
    drop_in(tmp_path)
    code, out, err = cli("feeds", "info", "counter")
    assert (code, err) == (0, "")
    assert [line.split() for line in out.splitlines()[3:6]] == [
        ["OPTION", "TYPE", "DEFAULT", "DESCRIPTION"],
        ["upto", "integer", "3", "How", "far", "to", "count."],
        ["word", "string", "required", "What", "to", "count."],
    ]
    options = [line.split()[:3] for line in cli("feeds", "info", "websocket").out.splitlines()]
    assert ["headers", "table", "-"] in options


def test_info_and_check_say_what_to_install(cli: Cli, tmp_path: Path) -> None:
    needs = 'summary = "Counts"\n    needs = {"not_there": "counting[far]"}'
    drop_in(tmp_path, COUNTER.replace('summary = "Counts"', needs))
    command = "pip install 'counting[far]', where collab-dash is installed"
    assert f"needs not_there: {command}\n" in cli("feeds", "info", "counter").out
    workspace_at(tmp_path, '[feeds.c]\nuse = "counter"\nword = "x"\n')
    code, out, err = cli("feeds", "check", "c")
    assert (code, out) == (1, "")
    assert f"{tmp_path}/collab.toml:2: [feeds.c]: counter needs a library that is not installed" in err
    assert command in err


def test_info_says_that_what_it_needs_is_there(cli: Cli, tmp_path: Path) -> None:
    drop_in(tmp_path, COUNTER.replace('summary = "Counts"', 'summary = "Counts"\n    needs = {"json": "json"}'))
    assert "needs json: installed\n" in cli("feeds", "info", "counter").out


@pytest.mark.parametrize("name", ["system", "coinbase", "websocket", "sse", "polling", "exec", "file", "demo", "usgs"])
def test_every_option_of_a_built_in_is_described(cli: Cli, name: str) -> None:
    code, out, _ = cli("feeds", "info", name)
    assert code == 0
    options = out.split("\n\n")[1].splitlines()
    end = options[0].index("DESCRIPTION")
    assert all(line[end:].strip() for line in options)


def test_an_unknown_plugin_is_told_with_the_nearest(cli: Cli) -> None:
    code, out, err = cli("feeds", "info", "coinbsae")
    assert (code, out) == (1, "")
    assert err == "collab-dash: there is no feed plugin 'coinbsae'\n  did you mean coinbase or binance?\n"


def test_check_prints_the_first_events_and_records_nothing(cli: Cli, tmp_path: Path) -> None:
    drop_in(tmp_path)
    workspace_at(tmp_path, '[feeds.c]\nuse = "counter"\nword = "x"\n')
    code, out, err = cli("feeds", "check", "c", "--limit", "2")
    assert code == 0
    first, second = map(json.loads, out.splitlines())
    assert (first["offset"], first["feed"], first["type"], first["key"]) == (None, "c", "count:update", "x")
    assert second["data"] == {"n": 1, "text": "\x9b[2J"}
    assert "\x9b" not in out
    assert err == "c: counting\ncollab-dash: c works: 2 events, nothing was recorded\n"
    assert not (tmp_path / "collab.db").exists()


@pytest.mark.parametrize(
    ("options", "words", "hint"),
    [
        ('use = "counter"\nword = "x"\nupto = 0', "feed c: it ended without an event", "is there anything"),
        ('use = "counter"', "collab.toml:1: [feeds.c] lacks 'word'", "collab-dash feeds info counter"),
        ('use = "counter"\nwrod = "x"', "collab.toml:3: [feeds.c] has no key 'wrod'", "did you mean 'word'?"),
        ('use = "counter"\nword = "x"\nupto = "y"', "collab.toml:4: [feeds.c] upto: should be a whole number", ""),
        ('use = "coutner"', "collab.toml:2: [feeds.c]: there is no feed plugin 'coutner'", "did you mean counter"),
        ('use = "broken"', "[feeds.c]: feed plugin 'broken' fails on import: RuntimeError: boom (", "mend or update"),
        ('word = "x"', "collab.toml:1: [feeds.c] does not say which plugin to use", 'add use = "…"'),
        ('use = "exec"\ncommand = ["/no/such"]', "feed c: cannot run /no/such", "check the spelling"),
        ('use = "sse"\nurl = "htp:/x"', "collab.toml:3: [feeds.c] url:", "collab-dash feeds info sse"),
        ('use = "sse"\nurl = "http://127.0.0.1:1/"', "feed c: http://127.0.0.1:1/", ""),
        ('use = "sse"\nurl = "http://127.0.0.1:1/${NOPE}"', "feed c: the environment variable NOPE", "set NOPE"),
    ],
)  # fmt: skip
def test_a_feed_that_does_not_work_is_one_clear_line(
    cli: Cli, tmp_path: Path, options: str, words: str, hint: str
) -> None:
    drop_in(tmp_path)
    drop_in(tmp_path, 'raise RuntimeError("boom")', name="broken")
    workspace_at(tmp_path, f"[feeds.c]\n{options}\n")
    code, out, err = cli("feeds", "check", "c", "--timeout", "5")
    assert (code, out) == (1, "")
    assert words in err
    assert f"\n  {hint}" in err
    assert "Traceback" not in err


def test_a_silent_feed_is_told_so(cli: Cli, tmp_path: Path) -> None:
    workspace_at(tmp_path, '[feeds.f]\nuse = "file"\npath = "none.log"\n')
    code, out, err = cli("feeds", "check", "f", "--timeout", "0.2")
    assert (code, out) == (1, "")
    assert "feed f: no event within 0.2 s\n  give it longer with --timeout" in err


def test_a_feed_that_is_not_configured_is_told_with_the_nearest(cli: Cli, tmp_path: Path) -> None:
    workspace_at(tmp_path, '[feeds.orders]\nuse = "system"\n')
    code, _, err = cli("feeds", "check", "order")
    assert code == 1
    assert err.endswith("has no feed 'order'\n  did you mean 'orders'?\n")


def test_trust_by_name_by_file_and_of_all_that_wait(cli: Cli, tmp_path: Path) -> None:
    files = [drop_in(tmp_path, name=name, trusted=False) for name in ("a", "b", "c")]
    assert cli("feeds", "trust", "a", "--yes") == (0, f"{files[0]}\n", "")
    assert cli("feeds", "trust", str(files[1]), "--yes") == (0, f"{files[1]}\n", "")
    assert [is_trusted(file) for file in files] == [True, True, False]
    assert cli("feeds", "trust", "--yes") == (0, f"{files[2]}\n", "")
    assert cli("feeds", "trust") == (0, "", "collab-dash: no drop-in waits for trust\n")
    files[0].write_text("# changed")
    assert cli("feeds", "trust", "--yes").out == f"{files[0]}\n"


def test_trust_without_a_terminal_needs_yes(child: Cli, tmp_path: Path) -> None:
    file = drop_in(tmp_path, trusted=False)
    ran = child("feeds", "trust", "counter")
    assert (ran.code, ran.out) == (2, "")
    assert "--yes trusts without asking" in ran.err
    assert not is_trusted(file)


@pytest.mark.parametrize(("answer", "trusted"), [("y\n", True), ("n\n", False), ("\n", False)])
async def test_trust_asks_on_a_terminal(tmp_path: Path, answer: str, trusted: bool) -> None:
    file = drop_in(tmp_path, trusted=False)
    async with terminal("feeds", "trust") as asked:
        await asked.shows("with all you may do?")
        asked.press(answer)
        assert await asked.ended() == 0
    assert is_trusted(file) is trusted


def test_a_drop_in_that_is_not_there_is_told(cli: Cli, tmp_path: Path) -> None:
    code, _, err = cli("feeds", "trust", "gone", "--yes")
    assert code == 1
    assert f"there is no drop-in gone: neither {tmp_path / 'feeds' / 'gone.py'}" in err
