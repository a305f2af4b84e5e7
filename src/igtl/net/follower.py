"""A server that is looked at for as long as somebody looks, whether it is there or not.

It is read by a thread of its own, waited for while it is not there, and connected to again
whenever the connection breaks. Nothing is sent to it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Literal, NamedTuple

from igtl.codec.frame import Frame
from igtl.errors import LinkError, OpenIGTLinkError, TimeoutError
from igtl.net.client import Client, connect
from igtl.net.endpoint import Endpoint
from igtl.protocol.profile import Profile, named
from igtl.protocol.recovery import LinkEvent, Reconnect

__all__ = ["FOR_EVER", "Changed", "Follower", "LinkState", "Take"]

_CONNECT_S = 5.0
#: A thread ends at once when its link is closed; if not, it is left alone.
_PATIENCE_S = 1.0

_log = logging.getLogger("igtl")


FOR_EVER = Reconnect()
"""Restoring a link is tried until somebody closes it."""


class LinkState(NamedTuple):
    """How it stands with a server."""

    state: Literal["connecting", "connected", "waiting", "over"]
    """waiting: it is not there, and is tried again and again. over: nothing more comes."""
    text: str
    """What was found, and what to do, for people."""
    address: str = ""
    """Of the server, once it was there."""
    profile: str = ""
    """What kind of program it is, as far as it has shown that."""


Take = Callable[[list[Frame], float], object]
"""Is given what came, and when, in seconds since 1970 UTC. It is to be quick."""
Changed = Callable[[LinkState], object]


class Follower:
    """One server, followed from `start` to `close`.

    Args:
        endpoint: of the server.
        take: is given all frames, in the follower's thread. What it raises is logged.
        profile: as `igtl.connect` takes it.
        changed: is told each new state, in whichever thread.
        reconnect: how to go on when a connection breaks; None: not at all.

    Attributes:
        endpoint: as text.
        state: how it stands.
        link: the connection, once there was one.
        trouble: what ended it; None when the server closed the connection in order.

    Raises:
        EndpointError, MessageError: the endpoint or the profile is not understood.
    """

    def __init__(
        self,
        endpoint: str,
        take: Take,
        *,
        profile: str | Profile = "auto",
        changed: Changed | None = None,
        reconnect: Reconnect | None = FOR_EVER,
    ) -> None:
        self.endpoint = str(Endpoint.parse(endpoint))
        named(profile)
        self._take, self._profile, self._changed = take, profile, changed
        self._reconnect = reconnect
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self.link: Client | None = None
        self.trouble: OpenIGTLinkError | None = None
        self.state = LinkState("connecting", f"connecting to {self.endpoint}")

    def connect(self) -> OpenIGTLinkError | None:
        """Try to connect once, which `start` does as well; what went wrong, or None."""
        try:
            self.link = connect(
                self.endpoint,
                timeout=_CONNECT_S,
                profile=self._profile,
                reconnect=self._reconnect or False,
            )
        except (LinkError, TimeoutError) as error:
            return error
        return None

    def start(self, linked: Callable[[Client], object] = lambda link: None) -> None:
        """Begin to follow.

        Args:
            linked: is given the connection before anything is read from it.
        """
        self._thread = threading.Thread(
            target=self._work, args=(linked,), name=f"follow {self.endpoint}", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stop following, and disconnect. Never fails."""
        self._closing.set()
        if self.link is not None:
            self.link.close()
            if self._thread not in (None, threading.current_thread()):
                self._thread.join(_PATIENCE_S)  # one that tries to connect is not waited for

    def _work(self, linked: Callable[[Client], object]) -> None:
        try:
            self._tell(self.state)
            link = self.link or self._found()
            if link is not None:
                with link:
                    self._read(link, linked)
        except OpenIGTLinkError as error:
            self.trouble = error
        except Exception:  # noqa: BLE001 - ours: say so, instead of a thread that is gone
            _log.exception("igtl: following %s failed", self.endpoint)
            self.trouble = LinkError(f"following {self.endpoint} failed, see the log")
        finally:
            self._tell(self.state._replace(state="over", text=self._why_over()))

    def _why_over(self) -> str:
        if self._closing.is_set():
            return f"{self.endpoint} is not followed any more"
        return str(self.trouble or f"{self.endpoint} closed the connection")

    def _found(self) -> Client | None:
        """A link to the server, which may not be there yet; None when closed before."""
        backoff = (self._reconnect or FOR_EVER).backoff()
        while not self._closing.is_set():
            error = self.connect()
            if error is None:
                break
            self._wait_for(str(error))
            self._closing.wait(backoff.next())
        return self.link

    def _read(self, link: Client, linked: Callable[[Client], object]) -> None:
        if self._closing.is_set():
            return
        linked(link)
        link.on_event(lambda event: self._happened(link, event))
        link.tap(lambda _, frames: self._take(frames, time.time()))
        self._connected(link)
        profile = link.profile
        for _ in link.frames():  # the tap has seen it
            if link.profile is not profile:
                profile = link.profile
                self._connected(link)

    def _happened(self, link: Client, event: LinkEvent) -> None:
        if event.kind == "restored":
            self._connected(link)
        elif event.kind in ("lost", "retrying"):
            self._wait_for(event.reason)

    def _connected(self, link: Client) -> None:
        address = link.peer_address
        text = f"connected to {self.endpoint}"
        self._tell(LinkState("connected", text, address, link.profile.name))

    def _wait_for(self, reason: str) -> None:
        end = "" if reason.endswith(("?", ".")) else "."
        text = f"{reason}{end} It is tried again and again"
        self._tell(self.state._replace(state="waiting", text=text))

    def _tell(self, state: LinkState) -> None:
        self.state = state
        if self._changed is not None:
            self._changed(state)
