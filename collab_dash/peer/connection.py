"""One connection to a hub: how it is opened, and what its end means."""

from __future__ import annotations

import ssl
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from ..announcement import certificate_of
from ..errors import CollabDashError, HubError, JoinRefused
from ..wire import PING_INTERVAL, SILENCE_LIMIT, Close
from .address import Address

MAX_FRAME = 64 << 20
HERE = ("127.0.0.1", "::1", "localhost")
OPEN_TIMEOUT = 5.0
CHECK = "check the address; curl ADDRESS/health tells whether a hub is there"


async def connect_to(address: Address) -> ClientConnection:
    """
    Open a connection.

    Raises:
        HubError: If nobody answers there, or something that is not a hub.

    """
    try:
        return await connect(
            address.url,
            ssl=_trusting(address),
            compression=None,
            max_size=MAX_FRAME,
            open_timeout=OPEN_TIMEOUT,
            ping_interval=PING_INTERVAL,
            ping_timeout=SILENCE_LIMIT - PING_INTERVAL,
            close_timeout=2,
            proxy=None if urlsplit(address.url).hostname in HERE else True,
        )
    except InvalidStatus as error:
        status = error.response.status_code
        raise HubError(f"{address.shown} answers HTTP {status}, not as a collab-dash hub", hint=CHECK) from None
    except (OSError, InvalidHandshake, TimeoutError, ValueError) as error:
        raise HubError(f"cannot reach {address.shown}: {_why(error)}", hint=CHECK) from None


def _trusting(address: Address) -> ssl.SSLContext | None:
    """Trust whom the system trusts; this machine's hubs by the certificates they said they show, for any name."""
    if not address.url.startswith("wss:"):
        return None
    certificate = certificate_of(address.shown)
    if not certificate:
        return ssl.create_default_context()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.load_verify_locations(certificate)
    return context


def _why(error: Exception) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "connection refused; no hub listens there"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return str(error) or type(error).__name__


def ended(address: Address | None, error: ConnectionClosed) -> CollabDashError:
    """Say why a connection was closed: final, a `JoinRefused`, from code 4400 on."""
    where = f"{address.shown} " if address else ""
    if error.rcvd is None:
        return HubError(f"{where}the link broke" if not where else f"{where}closed the link")
    code, reason = error.rcvd.code, error.rcvd.reason or "no reason given"
    if code == Close.REMOVED:
        return JoinRefused(reason, code=code)
    if 4400 <= code < 4500:
        return JoinRefused(f"{where}refused: {reason}".strip(), code=code)
    return HubError(f"{where}{reason}".strip())
