"""Who may have the page: from where, under which name, with which token."""

import hmac
import ipaddress
import secrets
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from edgesr_ros.errors import InputError
from edgesr_ros.schema import read_text

_LEAST = 16  # characters of a token
_HERE = {"127.0.0.1", "localhost", "[::1]"}


def is_loopback(address: str) -> bool:
    """Whether only this machine reaches an address to listen on.

    Raises:
        InputError: it is no IP address.
    """
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        raise InputError(
            f"listen is {address!r}, expected an IP address, e.g. 127.0.0.1 or 0.0.0.0"
        ) from None


def token_for(address: str, file: str) -> str:
    """The token that a page must know: of the file; else, where other machines reach us, one made now.

    On the loopback without a file it is empty: none is needed.

    Raises:
        InputError: the file cannot be read, or what is in it is too short.
    """
    if not file:
        return "" if is_loopback(address) else secrets.token_urlsafe(_LEAST)
    token = read_text(Path(file).expanduser()).strip()
    if len(token) < _LEAST or not token.isascii() or not token.isprintable():
        raise InputError(f"{file}: expected a token of at least {_LEAST} printable ASCII characters")
    return token


class Access:
    """Decides on requests.

    Args:
        address: that is listened on.
        token: that is needed; empty: none.
    """

    def __init__(self, address: str, token: str) -> None:
        self._token = token.encode()
        # A page from elsewhere may have had its own name resolved to this machine (DNS rebinding). Where a
        # token is needed, it has none.
        self._names = {*_HERE, address, f"[{address}]"} if is_loopback(address) and not token else None

    def refusal(self, headers: Mapping[str, str], secret: bool) -> str | None:
        """Why a request is refused, by where the browser says that it comes from; None: it is not.

        Args:
            headers: of the request; names in any case.
            secret: whether it is for more than the page's own files, to which others may link.
        """
        host = headers.get("Host", "").lower()
        if self._names is not None and _without_port(host) not in self._names:
            return f"this machine is not {host!r}"
        if not secret:
            return None
        origin = headers.get("Origin")
        if origin is not None and _host_of(origin) != host:
            return f"from another origin: {origin}"
        if headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none"):
            return "from another site"
        return None

    def knows(self, token: str) -> bool:
        """Whether it is the token; in a time that does not depend on how much of it is right."""
        return not self._token or hmac.compare_digest(token.encode("utf-8", "replace"), self._token)


def _host_of(origin: str) -> str | None:
    """Host and port of an origin; None: it has none."""
    try:
        return urlsplit(origin).netloc.lower() or None
    except ValueError:
        return None


def _without_port(host: str) -> str:
    return host if host.endswith("]") else host.rpartition(":")[0] or host
