"""Drawing on a grid of cells; nothing in here knows Textual's widgets or the session."""
