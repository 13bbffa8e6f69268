from __future__ import annotations

from typing import Any

import pycrdt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab_dash.doc import edits
from collab_dash.doc.document import Document
from collab_dash.doc.structure import BadStructure, apart, check_structure

from .replicas import begun, mark, replica_of


def edited(document: Document, edit: Any) -> bytes:
    with document.edit("test"):
        edit(document)
    return document.news()


def pane(**fields: Any) -> Any:
    return lambda document: document.roots["panes"].__setitem__("x", pycrdt.Map({"page": "p", "order": "o", **fields}))


@pytest.mark.parametrize(
    ("edit", "path"),
    [
        (pane(title=pycrdt.Text("hi")), ("title",)),
        (pane(columns=pycrdt.Array(["key"])), ("columns",)),
        (pane(title=pycrdt.XmlFragment()), ("title",)),
        (pane(title=pycrdt.Doc()), ("title",)),
        (lambda document: document.roots["room"].__setitem__("filter", pycrdt.Text("a > 1")), ("room", "filter")),
        (lambda document: document.doc.get("chat", type=pycrdt.Array).append("x"), ("chat",)),
        (lambda document: document.doc.get("chat", type=pycrdt.Array).append(pycrdt.Map({})), ("chat",)),
        (lambda document: document.doc.get("marks", type=pycrdt.Text).insert(0, "x"), ("marks",)),
        (
            lambda document: document.doc.get("chat", type=pycrdt.XmlFragment).children.append(pycrdt.XmlElement("p")),
            ("chat",),
        ),
    ],
)
def test_nothing_but_maps_and_json_under_keys_is_in_an_update(edit: Any, path: tuple[str, ...]) -> None:
    with pytest.raises(BadStructure) as caught:
        check_structure(edited(Document(), edit))
    assert caught.value.path == path


def test_an_item_of_a_list_within_an_entry_is_found() -> None:
    edit = b"\x08\x00\x07\x00\x01\x77\x01x"  # JSON, in what the first edit of client 7 made, without a key: "x"
    with pytest.raises(BadStructure, match="an item of a list"):
        check_structure(b"\x01\x01\x01\x00" + edit + b"\x00")


def test_a_refusal_repeats_no_more_than_the_beginning_of_a_name() -> None:
    with pytest.raises(BadStructure) as caught:
        check_structure(edited(Document(), lambda document: document.doc.get("x" * 9000, type=pycrdt.Array).append(1)))
    assert caught.value.path == ("x" * 64,)


@given(st.binary(max_size=200))
def test_whatever_comes_is_either_an_update_or_said_to_be_none(update: bytes) -> None:
    try:
        parts = apart(update)
    except BadStructure:
        return
    for part in parts:
        check_structure(part)


def test_parts_make_the_whole_again() -> None:
    ana, _, pane = begun()
    bo = replica_of(ana)
    edited(bo, lambda document: edits.change(document, "panes", pane, title="Two"))
    edited(bo, lambda document: edits.add_mark(document, mark(2)))
    bo.apply(edited(ana, lambda document: edits.add_mark(document, mark(1))))
    edited(bo, lambda document: document.roots["marks"].clear())
    bo.settle()
    parts = apart(bo.since())
    assert [part[0] for part in parts] == [1, 1, 0, 0]
    assert Document(*parts).entries == Document(*reversed(parts)).entries == bo.entries
