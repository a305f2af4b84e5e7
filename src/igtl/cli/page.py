"""The page of `igtl view`: the port it gets, and the browser that shows it."""

from __future__ import annotations

import threading
import webbrowser
from typing import TYPE_CHECKING

import igtl
from igtl.cli.terminal import say, warn

if TYPE_CHECKING:
    from igtl.viewer.guard import Guard
    from igtl.viewer.session import Session
    from igtl.viewer.web import Page

__all__ = ["PORT", "listening", "show"]

PORT = 8080
"""Where the page is, unless told otherwise."""

#: They would run in this terminal.
_TEXT_BROWSERS = ("www-browser", "links", "elinks", "lynx", "w3m")


def listening(session: Session, host: str, port: int | None, guard: Guard) -> Page:
    """The page, listening; on the usual port, or any free one, where none was asked for.

    Raises:
        MissingExtraError: aiohttp is not there.
        ConnectError: the port is taken, or the address is not ours.
    """
    try:
        from igtl.viewer.web import Page
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "aiohttp":
            raise
        raise igtl.MissingExtraError.of("aiohttp", "view", "the page") from error
    if port is not None:
        return Page(session, host, port, guard)
    try:
        return Page(session, host, PORT, guard)
    except igtl.ConnectError:
        page = Page(session, host, 0, guard)  # if it is the address, this says so
        say(f"port {PORT} is taken by another program: the page is at port {page.port}")
        return page


def show(address: str) -> None:
    """Open the page in a browser, if there is one; nobody waits for it."""
    threading.Thread(target=_show, args=(address,), daemon=True).start()


def _show(address: str) -> None:
    try:
        browser = webbrowser.get()
        if getattr(browser, "name", "") not in _TEXT_BROWSERS and browser.open(address):
            return
    except (webbrowser.Error, OSError):
        pass
    warn("no browser was found here: open the address by hand")
