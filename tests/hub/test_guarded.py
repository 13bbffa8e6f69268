"""A document behind the gate: what may not stand leaves no trace."""

from __future__ import annotations

from contextlib import suppress

import pytest

from collab_dash.doc import edits
from collab_dash.doc.document import Document
from collab_dash.doc.entries import Author, ChatLine
from collab_dash.errors import RequestRefused
from collab_dash.hub.guarded import Guarded

NOON = 1_763_820_000_000


def begun() -> Guarded:
    document = Document()
    with document.edit("test"):
        edits.add_page(document, "Markets")
    document.settle()
    return Guarded(document)


def said(guarded: Guarded, *, by: str) -> bytes:
    """Give an update with a line of the chat."""
    theirs = Document(guarded.document.since())
    with theirs.edit("test"):
        edits.say(theirs, ChatLine(text="hi", by=Author(id=by), at=NOON))
    return theirs.news()


def continued(guarded: Guarded) -> bytes:
    """Give an update that builds on one which nobody has."""
    theirs = Document(guarded.document.since())
    for text in ("mag > 3", "mag > 4"):
        with theirs.edit("test"):
            edits.set_room_filter(theirs, text)
        update = theirs.news()
    return update


def test_what_passed_counts_once_it_is_settled_and_outlasts_a_refusal() -> None:
    guarded = begun()
    news = guarded.merge(said(guarded, by="ana"), role="editor", person="ana")
    assert guarded.document.chat == {}
    assert {root for root, _ in guarded.settle(news)} == {"chat"}
    with pytest.raises(RequestRefused, match="signed with somebody else"):
        guarded.merge(said(guarded, by="bo"), role="editor", person="ana")
    assert [line.by.id for line in guarded.document.chat.values()] == ["ana"]
    assert list(guarded.document.roots["chat"].keys()) == list(guarded.document.chat)


def test_nothing_of_a_refused_update_is_in_the_document() -> None:
    guarded = begun()
    before = guarded.fold()
    for update in (said(guarded, by="bo"), b"\x07", continued(guarded)):
        with pytest.raises(RequestRefused):
            guarded.merge(update, role="editor", person="ana")
        assert guarded.document.since() == before
        assert not guarded.document.changed


def test_an_edit_that_fails_half_way_is_not_there() -> None:
    guarded = begun()
    before = guarded.fold()
    with suppress(ZeroDivisionError), guarded.edit() as document:
        edits.set_room_filter(document, "mag > 4")
        raise ZeroDivisionError
    assert guarded.document.since() == before


def test_an_edit_in_somebodys_name_passes_the_gate_and_the_hubs_own_does_not() -> None:
    guarded = begun()
    with pytest.raises(RequestRefused), guarded.edit(role="editor", person="ana") as document:
        edits.set_room_filter(document, "price >")
    assert guarded.document.roots["room"].to_py() == {}
    with guarded.edit() as document:
        edits.set_room_filter(document, "price >")
    guarded.settle(document.news())
    assert guarded.document.roots["room"].to_py() == {"filter": "price >"}
