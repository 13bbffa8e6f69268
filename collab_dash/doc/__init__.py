"""
The shared document: what a session's people have in common besides its events.

One CRDT document a session (Yjs, by pycrdt). The hub's is the truth; every peer has a replica that it edits at once and
that merges. Nothing here does I/O: `document` holds the document, `entries` says what may stand in it, `edits` is how
people change it, `order` is how they put things in order, `sync` is how its updates are framed on a link.
"""
