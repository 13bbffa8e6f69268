"""The links of a session, and new ones in their place."""

from __future__ import annotations

import asyncio
from pathlib import Path

from msgspec import structs

from ..announcement import Announcement, announce
from .credentials import Credentials, new_token, save_credentials


class SessionLinks:
    """
    The links by which a session is joined.

    Args:
        announcement: What the hub says of itself.
        credentials: What the hub lets in by; changed in place.

    """

    def __init__(self, announcement: Announcement, credentials: Credentials) -> None:
        self._announcement = announcement
        self._credentials = credentials
        self._renewing = asyncio.Lock()

    def link(self, role: str) -> str | None:
        """Give the link for a role, None where nobody gets that role."""
        token: str = getattr(self._announcement, role)
        return f"{self._announcement.url}/#{token}" if token else None

    def token(self, role: str) -> str:
        """Give what the link for a role carries now."""
        token: str = getattr(self._credentials, role)
        return token

    async def renew(self) -> None:
        """
        Make new ones and keep them; the old ones lead nowhere from then on.

        Raises:
            HubError: If they cannot be kept.

        """
        async with self._renewing:
            editor, viewer = new_token(), new_token()
            fresh = structs.replace(self._credentials, editor=editor, viewer=viewer)
            told = structs.replace(
                self._announcement, editor=editor if self._announcement.editor else "", viewer=viewer
            )
            await asyncio.to_thread(_keep, fresh, told)
            self._credentials.editor, self._credentials.viewer = editor, viewer
            self._announcement = told


def _keep(credentials: Credentials, announcement: Announcement) -> None:
    save_credentials(Path(announcement.db), credentials)
    announce(announcement)
