"""The board, and the dialogs over it."""
