from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab_dash.event import is_event_type
from collab_dash.type_globs import accept_types, check_type_glob


@pytest.mark.parametrize("text", ["*", "ticker:update", "ticker:*", "*:update", "t*r:u*e", "*:*", "a:b-1_c"])
def test_what_an_event_type_could_match(text: str) -> None:
    assert check_type_glob(text) == text


@pytest.mark.parametrize("text", ["", "zork", "A:b", "a:", ":b", "a:b:c", "ticker:?", "tick[a]:x", "a: b", "a:b\n"])
def test_what_none_could_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"{text!r} is not an event type such as ticker:update")):
        check_type_glob(text)


def test_what_takes_for_ever_to_match_is_refused() -> None:
    assert check_type_glob("*a*b:*c*") == "*a*b:*c*"
    with pytest.raises(ValueError, match="more than 4 stars"):
        check_type_glob("a:" + "*a" * 12 + "b")


def test_any_of_several_will_do_and_none_means_all() -> None:
    accepts = accept_types(["ticker:*", "*:create"])
    assert [accepts(name) for name in ("ticker:update", "quake:create", "quake:update", "tickers:update")] == [
        True,
        True,
        False,
        False,
    ]
    assert accept_types([])("anything:goes")


@given(st.from_regex(r"[a-c][a-c.]{0,3}:[a-c][a-c]{0,3}", fullmatch=True))
def test_a_name_matches_itself_and_a_star_in_any_place(name: str) -> None:
    assert accept_types([name])(name)
    assert accept_types([f"*{name[1:]}"])(name)
    assert accept_types([f"{name[:-1]}*"])(name)
    assert not accept_types([name])(name + "x")
    assert is_event_type(name) or "." in name
