"""Certificates: one that feeds are told to trust, and a stranger's."""

from __future__ import annotations

import ssl

import trustme


class Authority:
    """
    Who issued what the line shows.

    Attributes:
        certificate: What to trust, PEM.
        trusted: Shows a certificate that it issued.
        stranger: Shows one for the same address that somebody else issued.

    """

    def __init__(self) -> None:
        ours = trustme.CA()
        self.certificate = ours.cert_pem.bytes()
        self.trusted = _showing(ours)
        self.stranger = _showing(trustme.CA())


def _showing(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context
