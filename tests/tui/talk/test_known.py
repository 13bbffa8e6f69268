"""What was heard already."""

from __future__ import annotations

from collab_dash.tui.talk.known import MOST, Known


def test_everything_is_news_once_and_only_very_much_is_forgotten() -> None:
    known = Known()
    assert known.news(["a", "b"]) == ["a", "b"]
    assert known.news(["b", "c"]) == ["c"]
    known.news(map(str, range(MOST)))
    assert known.news([str(MOST - 1), "a"]) == ["a"]
