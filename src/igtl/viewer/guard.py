"""Who may look: names by which the page may be asked for, origins, and the token.

A web server on a person's own machine can be reached by every page in that person's browser. Three
things keep those out. The Host header must name an address that is listened on, so that a foreign
name which was made to point here (DNS rebinding) is refused. What a browser says about the page
that asks (Origin, Sec-Fetch-Site) must be our own page. And beyond this machine whoever asks must
know a token, which is in the address that was printed.
"""

from __future__ import annotations

import hmac
import ipaddress
import platform
import secrets
from collections.abc import Mapping

__all__ = ["HEADERS", "PAGE_HEADERS", "Guard", "is_loopback", "new_token"]

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
    "Server": "igtl",
}
"""What every answer carries."""

PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' blob: data:; connect-src 'self'; font-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
}
"""What the page carries besides: it loads nothing from elsewhere, and nobody frames it."""

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_TOKEN_BYTES = 18


def new_token() -> str:
    """A token that nobody guesses, of characters that need no quoting in a URL."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address.

    Examples:
        >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("0.0.0.0")
        (True, True, False)
    """
    address = _address(host)
    return host.lower() == "localhost" if address is None else address.is_loopback


class Guard:
    """Decides who is answered.

    Args:
        host: the address that is listened on, as it was typed.
        token: what must be known; None: nothing.
    """

    def __init__(self, host: str, token: str | None = None) -> None:
        self._token = token
        address = _address(host)
        self._any_address = address is not None and address.is_unspecified
        self._names = {*_LOOPBACK, host.lower() if address is None else str(address)}
        if self._any_address:
            own = platform.node().lower()
            self._names |= {own, f"{own.partition('.')[0]}.local"} - {"", ".local"}

    def refusal(self, headers: Mapping[str, str], token: str | None, *, path: str) -> str | None:
        """Why a request is refused, None when it is not.

        Args:
            headers: of the request; looked up without regard to case.
            token: what it gave as such.
            path: what is asked for.
        """
        host = headers.get("Host", "")
        if not self._is_ours(host):
            return (
                f"this server is not called {_name(host)!r}. Open it by the address that "
                "`igtl view` printed; to be reached by another name, give it to --host"
            )
        origin = headers.get("Origin")
        if origin is not None and not _same(origin, host):
            return f"a page of {origin!r} asks; only the page of this server may"
        if not path.startswith("/api/"):
            return None
        site = headers.get("Sec-Fetch-Site", "none")
        if site not in ("same-origin", "none"):
            return "a page of another site asks; only the page of this server may"
        if not self._knows(token):
            return "the token is missing or wrong: open the whole address that `igtl view` printed"
        return None

    def _is_ours(self, host: str) -> bool:
        """Whether a Host header names us. An address cannot be made to point here by a foe."""
        name = _name(host)
        return name in self._names or (self._any_address and _address(name) is not None)

    def _knows(self, token: str | None) -> bool:
        if self._token is None:
            return True
        given = (token or "").encode(errors="replace")
        return hmac.compare_digest(given, self._token.encode())


def _name(host: str) -> str:
    """The name or address in a Host header, without the port; addresses in their usual form.

    Examples:
        >>> _name("LocalHost:8080"), _name("[::1]:8080"), _name("[FE80:0::1]")
        ('localhost', '::1', 'fe80::1')
    """
    if host.startswith("["):
        name = host[1:].partition("]")[0].lower()
        address = _address(name)
        return name if address is None else str(address)
    return host.partition(":")[0].lower()


def _same(origin: str, host: str) -> bool:
    """Whether an Origin header names the page that a Host header does."""
    return origin.lower() in (f"http://{host.lower()}", f"https://{host.lower()}")


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None
