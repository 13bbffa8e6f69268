"""Replicas of a document, and what is said in them."""

from __future__ import annotations

from collab_dash.board import Pane
from collab_dash.doc import edits
from collab_dash.doc.document import Document
from collab_dash.doc.entries import Author, ChatLine, Mark

ANA = Author(id="a1", name="ana", color="red")
BO = Author(id="b2", name="bo", color="blue")
NOON = 1_763_820_000_000


def edited(document: Document) -> Document:
    """Settle what was edited."""
    document.settle()
    return document


def begun() -> tuple[Document, str, str]:
    """Give a document with a page and a pane on it, and their ids."""
    document = Document()
    with document.edit("hub"):
        page = edits.add_page(document, "Markets")
        pane = edits.add_pane(document, page, Pane(feeds=("btc",), view="table", title="Bitcoin"))
    return edited(document), page, pane


def replica_of(document: Document) -> Document:
    """Give another replica of a document."""
    return Document(document.since())


def merge(*documents: Document) -> None:
    """Let all have each other's edits."""
    for one in documents:
        for other in documents:
            other.apply(one.since(other.state))
            other.settle()


def mark(offset: int, by: Author = ANA) -> Mark:
    """Give a mark of an event."""
    return Mark(offset=offset, feed="btc", time=NOON + offset, text=f"event {offset}", by=by, at=NOON)


def update_of(document: Document, text: str = "hi", by: str = "") -> bytes:
    """Say something in a document, and give that as an update."""
    with document.edit("test"):
        edits.say(document, ChatLine(text=text, by=Author(id=by), at=NOON))
    news = document.news()
    document.settle()
    return news
