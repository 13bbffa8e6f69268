"""What a text refers to."""

from __future__ import annotations

import pytest

from collab_dash.tui.talk.references import completion, links, mentions, moment_before, references
from tui.fake_session import NOON

PEOPLE = ["ana", "ana·2", "Ana Maria", "bo"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("see #123, not a#4 nor ##5", ["#123"]),
        ("#12 and #13.", ["#12", "#13"]),
        ("at 14:18 or 14:18:03", ["14:18", "14:18:03"]),
        ("at 24:18, 9:05, 14:61, 1.14:18, 14:18:03.5, 114:18", []),
        ("https://shop.example/#77 &#39;", []),
        ("#1234567890123456", []),
        ("", []),
    ],
)
def test_events_and_moments_are_found(text: str, found: list[str]) -> None:
    assert [text[link.start : link.end] for link in links(text)] == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("@bo look", ["bo"]),
        ("@BO, @ana!", ["BO", "ana"]),
        ("@ana·2 only", ["ana·2"]),
        ("@Ana Maria too", ["Ana Maria"]),
        ("mail bo@bo.example @bob @anabel bo", []),
    ],
)
def test_people_are_found_by_the_longest_name(text: str, found: list[str]) -> None:
    assert [mention.target for mention in mentions(text, PEOPLE)] == found


def test_all_of_them_come_in_order_and_apart() -> None:
    found = references("@bo #5 at 14:18", PEOPLE)
    assert [(each.kind, each.target) for each in found] == [("person", "bo"), ("event", "5"), ("moment", "14:18")]


@pytest.mark.parametrize(("time", "ms"), [("13:59:30", -30_000), ("14:00", 0), ("14:01", 60_000 - 86_400_000)])
def test_a_moment_is_the_latest_one_before_the_text(time: str, ms: int) -> None:
    assert moment_before(time, NOON) == NOON + ms


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("hi @b", "hi @bo"),
        ("@An", "@ana"),
        ("@ana m", "@Ana Maria"),
        ("@", "@ana"),
        ("hi", ""),
        ("x@b", ""),
        ("@bo", ""),
        ("@zoe", ""),
    ],
)
def test_a_name_that_is_begun_is_completed(text: str, whole: str) -> None:
    found = completion(text, PEOPLE)
    assert found.lower() == whole.lower()
