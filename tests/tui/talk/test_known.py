"""What was heard already."""

from __future__ import annotations

from collab_dash.tui.talk.known import MOST, Known


def test_everything_is_news_once_and_only_very_much_is_forgotten() -> None:
    known = Known()
    assert known.news(["a", "b"], 1) == ["a", "b"]
    assert known.news(["b", "c"], 2) == ["c"]
    known.news(map(str, range(MOST)), 3)
    assert known.news([str(MOST - 1), "a"], 4) == ["a"]


def test_what_is_dated_ahead_has_its_place_where_it_was_heard() -> None:
    known = Known()
    known.news(["early", "ahead"], 10)
    known.news(["early", "late"], 20)
    dated = {"early": 9, "ahead": 1000, "late": 15, "unheard": 16}
    assert sorted(dated, key=lambda id_: known.place(id_, dated[id_])) == ["early", "ahead", "late", "unheard"]
