"""The panes: one class per view."""
