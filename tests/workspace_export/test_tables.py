"""Arrays of tables of any kind: what stays, moves, changes, comes and goes."""

from __future__ import annotations

import tomllib

from collab_dash.board import Pane
from collab_dash.workspace_export import PAGES, RULES
from collab_dash.workspace_export.plan import Fields, Kind, Node, plans
from collab_dash.workspace_export.tables import rewrite
from collab_dash.workspace_models import PageTable, PaneTable, RuleTable

SIMPLE = Kind("rules", ("name", "when", "notify"))
TEXT = """\
[[rules]]
name = "big"            # wakes us
when = "mag >= 6"

# for the day
[[rules]]
name = "small"
when = "mag >= 4"
notify = ["bell",       # in the room
  "toast"]

[[rules]]
wen = "a mistake"

[feeds.a]
use = "x"
"""
BIG: Fields = {"name": "big", "when": "mag >= 6"}
SMALL: Fields = {"name": "small", "when": "mag >= 4", "notify": ["bell", "toast"]}


def rewritten(*now: Fields, text: str = TEXT) -> str:
    tables = tomllib.loads(text).get("rules", [])
    was = [Node(None if "wen" in table else table, table=table) for table in tables]
    written = rewrite(text, SIMPLE, plans(SIMPLE, was, [Node(fields) for fields in now]))
    assert [table for table in tomllib.loads(written).get("rules", []) if "wen" not in table] == list(now)
    return written


def test_what_stays_stays_byte_for_byte() -> None:
    assert rewritten(BIG, SMALL) == TEXT


def test_a_key_that_changes_keeps_its_comment_and_one_that_goes_takes_it_along() -> None:
    written = rewritten(BIG | {"name": "huge"}, {"name": "small", "when": "mag >= 5"})
    assert written == TEXT.replace('"big" ', '"huge" ').replace("mag >= 4", "mag >= 5").replace(
        'notify = ["bell",       # in the room\n  "toast"]\n', ""
    )


def test_the_second_may_become_the_first_and_the_first_go() -> None:
    first, second, rest = (
        TEXT[: TEXT.index("\n# for")],
        TEXT[TEXT.index("\n# for") : TEXT.index("\n[[rules]]\nwen")],
        "\n",
    )
    assert rewritten(SMALL, BIG).startswith(second[1:] + "\n" + first + rest + "[[rules]]\nwen")
    assert rewritten(SMALL).startswith(second[1:] + rest + "[[rules]]\nwen")


def test_what_comes_is_behind_what_it_follows() -> None:
    new: Fields = {"name": "new", "when": 'place ~ "x"'}
    written = rewritten(BIG, new, SMALL)
    assert written == TEXT.replace("\n# for", '\n[[rules]]\nname = "new"\nwhen = \'place ~ "x"\'\n\n# for')
    assert rewritten(new, text="[feeds.a]\nuse = 'x'") == (
        "[feeds.a]\nuse = 'x'\n\n[[rules]]\nname = \"new\"\nwhen = 'place ~ \"x\"'\n"
    )


def test_none_may_be_left() -> None:
    assert rewritten() == TEXT[TEXT.index("[[rules]]\nwen") :]


def test_every_key_has_its_place() -> None:
    assert PAGES.inner is not None
    assert set(PAGES.inner.order) == set(PaneTable.model_fields) == {*Pane.__struct_fields__, "feed"} - {"id"}
    assert {*PAGES.order, PAGES.inner.name} == set(PageTable.model_fields)
    assert set(RULES.order) == {field.alias or name for name, field in RuleTable.model_fields.items()}
