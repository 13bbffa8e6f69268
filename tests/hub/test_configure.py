from __future__ import annotations

from pathlib import Path

import pytest

from collab_dash.board import Pane, completed
from collab_dash.errors import ConfigError
from collab_dash.hub.configure import Configured, configure
from hubs import workspace_at


def configured(folder: Path, text: str) -> Configured:
    return configure(workspace_at(folder, text))


def test_a_feed_alone_makes_a_pane_in_its_plugins_own_taste(tmp_path: Path) -> None:
    found = configured(tmp_path, '[feeds.btc]\nuse = "coinbase"\nproducts = ["BTC-USD"]\n')
    assert found.problems == []
    (page,) = completed(found.board).pages
    (pane,) = page.panes
    taste = found.feeds["btc"][1].pane
    assert pane.feeds == ("btc",)
    assert (pane.view, pane.columns) == (taste.view, taste.columns) == ("table", pane.columns)
    assert "price" in pane.columns


def test_what_the_workspace_says_goes_before_the_plugins_taste(tmp_path: Path) -> None:
    pane = '[[pages]]\ntitle = "P"\n[[pages.panes]]\nfeed = "btc"\n'
    feed = '[feeds.btc]\nuse = "coinbase"\nproducts = ["BTC-USD"]\n'
    (page,) = completed(configured(tmp_path, f'{feed}{pane}columns = ["key"]\n').board).pages
    assert (page.panes[0].view, page.panes[0].columns) == ("table", ("key",))
    (page,) = completed(configured(tmp_path, f'{feed}{pane}view = "log"\n').board).pages
    assert (page.panes[0].view, page.panes[0].columns) == ("log", ()), "columns of a table are no columns of a log"


def test_a_pane_for_peers_always_has_a_view(tmp_path: Path) -> None:
    text = '[feeds.x]\nuse = "nonsense"\n[[pages]]\ntitle = "P"\n[[pages.panes]]\nfeed = "x"\n'
    (page,) = completed(configured(tmp_path, text).board).pages
    assert page.panes == (Pane(feeds=("x",), view="log"),)


def test_what_is_wrong_with_a_feed_stops_only_that_feed_and_says_where(tmp_path: Path) -> None:
    found = configured(
        tmp_path,
        '[feeds.good]\nuse = "exec"\ncommand = ["true"]\n'
        '[feeds.unknown]\nuse = "coinbas"\n'
        '[feeds.typo]\nuse = "coinbase"\nprodukts = ["BTC-USD"]\n',
    )
    assert list(found.feeds) == ["good"]
    told = {problem.feed: problem for problem in found.problems}
    assert set(told) == {"unknown", "typo"}
    assert all(problem.state == "failed" for problem in told.values())
    assert f"{tmp_path}/collab.toml:5" in told["unknown"].reason
    assert "coinbase" in told["unknown"].reason + told["unknown"].hint
    assert f"{tmp_path}/collab.toml:8" in told["typo"].reason
    assert "products" in told["typo"].reason + told["typo"].hint


def test_a_feed_has_the_limit_that_suits_it(tmp_path: Path) -> None:
    found = configured(
        tmp_path,
        '[feeds.prices]\nuse = "websocket"\nurl = "ws://127.0.0.1:1"\n'
        '[feeds.lines]\nuse = "file"\npath = "x.log"\n'
        '[feeds.slow]\nuse = "file"\npath = "x.log"\nlimit = "30/m"\n'
        '[feeds.latest]\nuse = "websocket"\nurl = "ws://127.0.0.1:1"\noverflow = "conflate"\n'
        '[feeds.all]\nuse = "websocket"\nurl = "ws://127.0.0.1:1"\nlimit = "off"\n',
    )
    assert {name: each.limit for name, each in found.feeds.items()} == {
        "prices": (2000.0, "sample", "2000/s"),
        "lines": None,
        "slow": (0.5, "wait", "30/m"),
        "latest": (2000.0, "conflate", "2000/s"),
        "all": None,
    }


def test_a_limit_that_is_none_stops_its_feed_and_says_where(tmp_path: Path) -> None:
    found = configured(
        tmp_path,
        '[feeds.a]\nuse = "file"\npath = "x.log"\nlimit = "fast"\n'
        '[feeds.b]\nuse = "file"\npath = "x.log"\noverflow = "drop"\n'
        '[feeds.c]\nuse = "file"\npath = "x.log"\n',
    )
    assert list(found.feeds) == ["c"]
    told = {problem.feed: problem.reason + problem.hint for problem in found.problems}
    assert f"{tmp_path}/collab.toml:4" in told["a"]
    assert "'fast' is not a rate such as 2000/s" in told["a"]
    assert f"{tmp_path}/collab.toml:8" in told["b"]
    assert "conflate" in told["b"]


@pytest.mark.parametrize(("limit", "rate"), [("", 200.0), ('edit_limit = "30/m"', 0.5), ('edit_limit = "off"', None)])
def test_how_fast_a_program_may_edit(tmp_path: Path, limit: str, rate: float | None) -> None:
    assert configured(tmp_path, f"[session]\n{limit}\n").edit_rate == rate


def test_an_edit_limit_that_is_no_rate_stops_all(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="edit_limit"):
        configured(tmp_path, '[session]\nedit_limit = "fast"\n')
