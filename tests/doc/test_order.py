from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from collab_dash.doc.order import DIGITS, LONGEST, between, row_of


def test_the_first_key_leaves_room_on_both_sides() -> None:
    key = between("", "")
    assert between("", key) < key < between(key, "")


@given(st.lists(st.integers(0, 1000), max_size=150))
def test_a_key_fits_between_any_two_neighbours(places: list[int]) -> None:
    keys: list[str] = []
    for place in places:
        index = place % (len(keys) + 1)
        before, after = keys[index - 1] if index else "", keys[index] if index < len(keys) else ""
        keys.insert(index, between(before, after))
    assert keys == sorted(keys)
    assert len(set(keys)) == len(keys)


@given(st.text(DIGITS, max_size=20), st.text(DIGITS, max_size=20))
def test_a_key_is_after_what_it_follows_even_if_the_other_is_not(before: str, after: str) -> None:
    key = between(before, after)
    assert key > before
    assert len(key) <= LONGEST + 1


def test_a_long_list_has_short_keys_in_order() -> None:
    keys = row_of(200)
    assert keys == sorted(set(keys))
    assert max(map(len, keys)) < 40
