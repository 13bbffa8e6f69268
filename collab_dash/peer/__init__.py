"""The peer's side of a session."""
