"""What the feeds of any source over the network share: its address and headers, with secrets from the environment."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from collab_dash.mapping import MappedOptions
from collab_dash.transports.address import HttpHeaders, HttpUrl, expand, expand_headers


class SourceOptions(MappedOptions):
    """Where a source is, and what to send along."""

    url: HttpUrl = Field(description="Where the source is; ${NAME} comes from the environment.")
    headers: HttpHeaders = Field(
        default_factory=dict, repr=False, description="Sent along; ${NAME} comes from the environment."
    )

    def expanded(self, environ: Mapping[str, str]) -> tuple[str, dict[str, str]]:
        """
        Give url and headers with the environment's values in place.

        Raises:
            FeedFailed: If a variable is not set, or a value cannot stand in a header.

        """
        return expand(self.url, environ), expand_headers(self.headers, environ)
