"""No item is shown twice, an edited one is shown again, also over a restart at any moment."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from collab_dash.transports import Message
from collab_dash.transports.polling import PollCursor
from collab_dash.transports.seen import Listing, Seen

Item = tuple[str | None, str]


def new(seen: Seen, items: list[Item]) -> list[Item]:
    shown = [(key, version) for key, version in items if seen.add(key, version) is not None]
    seen.end_of_list()
    return shown


def test_only_new_and_edited_items_are_shown() -> None:
    seen = Seen()
    assert new(seen, [("a", "1"), ("b", "1")]) == [("a", "1"), ("b", "1")]
    assert new(seen, [("a", "1"), ("b", "2"), ("c", "1")]) == [("b", "2"), ("c", "1")]
    assert new(seen, [("b", "2")]) == []


def test_an_item_edited_back_is_shown_again() -> None:
    seen = Seen()
    assert [len(new(seen, [("a", version)])) for version in "1221"] == [1, 1, 0, 1]


def test_several_items_of_one_key_do_not_push_each_other_out() -> None:
    seen = Seen()
    both: list[Item] = [("host", "up"), ("host", "down")]
    assert new(seen, both) == both
    assert new(seen, both) == []


def test_without_a_key_content_tells_items_apart() -> None:
    seen = Seen()
    assert new(seen, [(None, "x"), (None, "x"), (None, "y")]) == [(None, "x"), (None, "y")]
    assert new(seen, [(None, "y"), (None, "x")]) == []


def test_memory_is_bounded_but_never_smaller_than_the_list() -> None:
    seen = Seen(limit=10)
    long: list[Item] = [(str(number), "") for number in range(50)]
    assert len(new(seen, long)) == 50
    assert new(seen, long) == []
    new(seen, [("other", "")])
    assert len(seen.dump().split()) == 10


@given(st.lists(st.lists(st.tuples(st.sampled_from("ab") | st.none(), st.sampled_from("123")))))
def test_a_restart_between_lists_changes_nothing(lists: list[list[Item]]) -> None:
    steady, restarted = Seen(), Seen()
    for items in lists:
        expected = new(steady, items)
        assert new(restarted, items) == expected
        restarted = Seen(restarted.dump())


@given(st.integers(1, 300), st.integers(0, 299))
def test_a_restart_in_the_midst_of_a_list_repeats_at_most_one_in_a_hundred(count: int, stop: int) -> None:
    message = Message(b"[]", cursor=str(PollCursor(etag='"2"')))
    items = [(number, str(number), "") for number in range(count)]
    kept: str | None = None
    recorded = []
    for number, cursor in Listing(None).unseen(message, items):
        recorded.append(number)
        kept = cursor
        if number == stop:
            break
    whole = len(recorded) == count
    assert PollCursor.parse(kept).etag == ('"2"' if whole else "")
    again = [number for number, _ in Listing(kept).unseen(message, items)]
    assert set(recorded) | set(again) == set(range(count))
    assert len(set(recorded) & set(again)) < max(count // 100, 1)


def test_after_a_list_the_cursor_has_its_validators_even_if_nothing_was_new() -> None:
    listing = Listing(None)
    list(listing.unseen(Message(b"", cursor=str(PollCursor(etag="1"))), [(1, "a", "")]))
    assert list(listing.unseen(Message(b"", cursor=str(PollCursor(etag="2"))), [(1, "a", "")])) == []
    assert PollCursor.parse(listing.cursor).etag == "2"
    assert PollCursor.parse(listing.cursor).seen
