from __future__ import annotations

from typing import Any

import pycrdt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab_dash.doc import edits
from collab_dash.doc.document import BadUpdate, Document
from collab_dash.doc.structure import BadStructure, apart, check_structure

from .replicas import begun, mark, replica_of


def edited(document: Document, edit: Any) -> bytes:
    with document.edit("test"):
        edit(document)
    return document.news()


def _sample() -> bytes:
    document, _, pane = begun()
    edited(document, lambda document: edits.change(document, "panes", pane, title="Two"))
    edited(document, lambda document: edits.add_mark(document, mark(2)))
    return document.since()


SAMPLE = _sample()


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


NAMED = b"\x01\x04chat\x01k"  # in the root chat, under the key k


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(b"\x22" + NAMED + b"\x01\x011", id="JSON as old programs wrote it: it reads one text too many"),
        pytest.param(b"\x28\x81\x80\x80\x80\x10" + b"\x04c\x01x\x00\x01k" + b"\x01\x7e", id="33 bits: it takes 32"),
        pytest.param(b"\x27" + NAMED + b"\x81\x00", id="a kind of shared type in two bytes: it takes the first"),
        pytest.param(b"\x20\x01", id="an edit with a place and no content: it looks for content"),
        pytest.param(b"\x2a\x01", id="a gap with a place, likewise"),
    ],
)
def test_nothing_passes_that_the_library_reads_otherwise(edit: bytes) -> None:
    with pytest.raises(BadStructure):
        check_structure(b"\x01\x01\x07\x00" + edit + b"\x00")


def test_clients_have_more_bits_than_other_numbers() -> None:
    document = Document()
    document.doc = pycrdt.Doc(client_id=(1 << 52) + 1)
    root: pycrdt.Map[int] = document.doc.get("chat", type=pycrdt.Map)
    root["k"] = 1
    del root["k"]
    assert len(apart(document.doc.get_update())) == 2


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=3))
def test_what_passes_and_can_be_merged_passes_as_the_library_writes_it_too(changes: list[tuple[int, int]]) -> None:
    update = bytearray(SAMPLE)
    for place, byte in changes:
        update[place % len(update)] = byte
    try:
        check_structure(bytes(update))
        merged = Document(bytes(update)).since()
    except (BadStructure, BadUpdate, RecursionError):
        return
    check_structure(merged)


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
