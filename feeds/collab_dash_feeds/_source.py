"""What the feeds of any source over the network share: its address, headers and certificates."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from collab_dash.feed import FeedContext, FeedOptions
from collab_dash.mapping import MappedOptions
from collab_dash.transports import tls
from collab_dash.transports.address import HttpHeaders, HttpUrl, expand, expand_headers
from collab_dash.transports.tls import WEB


class TlsOptions(FeedOptions):
    """Whom to trust, and what to show for ourselves; files are relative to the workspace's folder."""

    ca: str | None = Field(
        None, min_length=1, repr=False, description="A PEM file with certificates to trust beside the system's."
    )
    client_cert: str | None = Field(
        None, min_length=1, repr=False, description="A PEM file with the certificate to show the source."
    )
    client_key: str | None = Field(
        None, min_length=1, repr=False, description="A PEM file with its private key, unless client_cert holds it."
    )
    client_key_password: str | None = Field(
        None, repr=False, description="What the private key is locked with; ${NAME} comes from the environment."
    )

    @model_validator(mode="after")
    def _check_client_certificate(self) -> Self:
        if self.client_cert is None and (self.client_key or self.client_key_password):
            raise ValueError("client_key is of no use without client_cert")
        return self

    def tls(self, context: FeedContext) -> ssl.SSLContext | None:
        """
        Give what the connections of this feed need of their own, or None if that is nothing.

        Raises:
            FeedFailed: If a file is missing, cannot be read or holds something else, or a variable is not set.

        """
        return None if self.ca is None and self.client_cert is None else self.own_tls(context)

    def own_tls(self, context: FeedContext, *, alpn: tuple[str, ...] = WEB) -> ssl.SSLContext:
        """
        Give a context by these options, whether or not they name anything.

        Args:
            context: The connection's.
            alpn: The application protocols to offer.

        Raises:
            FeedFailed: As `tls` does.

        """
        password = self.client_key_password
        return tls.context(
            ca=_file(context.folder, self.ca),
            client_cert=_file(context.folder, self.client_cert),
            client_key=_file(context.folder, self.client_key),
            password=None if password is None else expand(password, context.environ),
            alpn=alpn,
        )


class SourceOptions(MappedOptions, TlsOptions):
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


def _file(folder: Path, name: str | None) -> Path | None:
    return None if name is None else folder / Path(name).expanduser()
