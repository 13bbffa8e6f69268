"""What people share, written back into a workspace file; everything else in the file stays as it was."""

from .pages import PAGES, write_board
from .rules import RULES, write_rules

__all__ = ["PAGES", "RULES", "write_board", "write_rules"]
