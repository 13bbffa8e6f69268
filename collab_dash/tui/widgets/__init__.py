"""The chrome around the panes."""
