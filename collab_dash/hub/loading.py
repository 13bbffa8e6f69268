"""How the shared document is found when a hub starts: what was kept, and the workspace's board and rules in it."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from ..board import Board
from ..doc.document import BadUpdate, Document
from ..doc.seed import plant, plant_rules, prune
from ..errors import LogUnavailable
from ..event import unix_ms
from ..rules import Rule
from ..store.docs import Updates
from .shared import Shared

KEEP_GONE = 7 * 24 * 3600 * 1000

_log = logging.getLogger("collab_dash.hub")


async def load_shared(
    updates: Updates, board: Board, rules: Sequence[Rule] = (), *, edit_rate: float | None = None
) -> Shared:
    """
    Load the session's document, and let it have the workspace's board and rules where it is new or they have changed.

    What cannot be read is not written either: the session then goes on without a shared document and says why.

    Args:
        updates: Where it is kept.
        board: As the workspace has it.
        rules: As the workspace has them.
        edit_rate: How many messages a second a replica may send in the long run; None for any number.

    """
    try:
        kept = await updates.load()
        document = Document(*kept)
    except (BadUpdate, LogUnavailable) as error:
        return _troubled(updates, error)
    now = unix_ms()
    prune(document, before=now - KEEP_GONE)
    plant(document, board, now=now)
    plant_rules(document, rules, now=now)
    if document.news() or len(kept) > 1:
        try:
            await updates.replace(document.since())
        except LogUnavailable as error:
            return _troubled(updates, error)
    return Shared(updates, document, edit_rate=edit_rate)


def _troubled(updates: Updates, error: Exception) -> Shared:
    reason = f"there is no shared document, so that edits are not taken: {error}"
    _log.error("%s", reason)
    return Shared(updates, Document(), trouble=reason)
