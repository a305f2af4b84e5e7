"""`igtl devices`: what is on a port."""

from __future__ import annotations

import json
import time
from argparse import Namespace
from collections.abc import Sequence

import igtl
from igtl.cli import arguments, status
from igtl.cli.arguments import Parser
from igtl.cli.asking import connect
from igtl.cli.inventory import HEADINGS, RIGHT, cells, offer_cells, plain_offer, plain_row
from igtl.cli.offers import Offer, offers_of
from igtl.cli.reception import arrivals_within
from igtl.cli.table import aligned
from igtl.cli.terminal import Progress, printable, say, warn
from igtl.protocol.profile import Profile
from igtl.protocol.replies import legal
from igtl.viewer.statistics import Statistics
from igtl.viewer.summary import counted

__all__ = ["DESCRIPTION", "EXAMPLES", "add_arguments", "run"]

DESCRIPTION = """\
What is on this port? Listens for some seconds, then lists the devices: their
types, rates, sizes of images, header versions and metadata; what else it has
on request; what kind of program it is; and what it says that it understands."""

EXAMPLES = """\
At the end the server is asked what it understands (GET_CAPABIL), unless it has
shown itself to be 3D Slicer, which crashes on that; --profile slicer asks none.
PLUS, and who understands COMMAND, is told to name its devices as well
(RequestDeviceIds): what did not come by itself is listed as "on request".

examples:
  igtl devices localhost
  igtl devices tracker.local:18944 --seconds 20
  igtl devices localhost --json | jq '.devices[].device'"""

_ANSWER_S = 1.0


def add_arguments(parser: Parser) -> None:
    """Declare what the verb takes."""
    arguments.add_endpoint(parser)
    parser.add_argument(
        "--seconds",
        type=arguments.duration,
        default=5.0,
        metavar="S",
        help="how long to listen (default: 5)",
    )
    arguments.add_profile(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object")


class Findings:
    """What was found on a port."""

    def __init__(self) -> None:
        self.statistics = Statistics()
        self.profile = ""
        self.asked = False
        self.capabilities: Sequence[str] | None = None
        self.offers: Sequence[Offer] = ()
        self.seconds = 0.0
        self.trouble: igtl.OpenIGTLinkError | None = None
        self.interrupted = False

    @property
    def status(self) -> int:
        """The exit status."""
        if self.interrupted:
            return status.INTERRUPTED
        if self.trouble is not None:
            return status.FAILED
        found = len(self.statistics) or self.capabilities or self.offers
        return status.DONE if found else status.INCOMPLETE

    @property
    def on_request(self) -> list[Offer]:
        """What the server says that it has, and did not send by itself."""
        names = [(legal(row.device_name), legal(row.wire_type)) for row in self.statistics]
        came = {*names, *((name, "") for name, _ in names)}
        return [offer for offer in dict.fromkeys(self.offers) if offer not in came]


def run(options: Namespace) -> int:
    """Listen, ask, list. Ctrl-C lists what came so far."""
    findings = Findings()
    with connect(options) as link:
        try:
            _look(link, options.seconds, findings)
        except KeyboardInterrupt:
            findings.interrupted = True
        except igtl.OpenIGTLinkError as error:
            findings.trouble = error
        findings.profile = link.profile.name
    show = _show_json if options.json else _show_text
    show(link, findings)
    if findings.trouble is not None:
        warn(str(findings.trouble))
    return findings.status


def _look(link: igtl.Client, seconds: float, findings: Findings) -> None:
    """Listen, then ask."""
    start = time.monotonic()
    with Progress() as progress:
        for arrival in arrivals_within(link, seconds):
            now = time.monotonic()
            findings.seconds = now - start
            if arrival is not None:
                findings.statistics.count(arrival.frame, now).take(arrival.message)
            progress.show(_so_far(link, findings, seconds))
    findings.seconds = time.monotonic() - start
    if link.closed:
        warn(f"{link.endpoint} closed the connection after {findings.seconds:.1f} s")
    elif link.profile.queries:
        findings.asked = True
        findings.capabilities = _capabilities(link)
        findings.offers = offers_of(link, findings.capabilities, _ANSWER_S)


def _so_far(link: igtl.Client, findings: Findings, seconds: float) -> str:
    devices = counted(len(findings.statistics), "device")
    messages = counted(findings.statistics.messages, "message")
    left = max(0.0, seconds - findings.seconds)
    return f"listening to {link.endpoint}: {devices}, {messages}; {left:.0f} s left, Ctrl-C ends"


def _capabilities(link: igtl.Client) -> Sequence[str] | None:
    """What the server says that it understands; None when it does not say."""
    try:
        return link.capabilities(timeout=_ANSWER_S)
    except igtl.OpenIGTLinkError:
        return None


def _show_json(link: igtl.Client, findings: Findings) -> None:
    found = findings.statistics
    facts = {
        "endpoint": link.endpoint,
        "address": link.peer_address,
        "seconds": round(findings.seconds, 3),
        "profile": findings.profile,
        "capabilities": None if findings.capabilities is None else list(findings.capabilities),
        "messages": found.messages,
        "bytes": found.bytes,
        "malformed": found.errors,
        "devices": [*map(plain_row, found), *map(plain_offer, findings.on_request)],
    }
    say(json.dumps(facts, allow_nan=False))


def _show_text(link: igtl.Client, findings: Findings) -> None:
    found = findings.statistics
    rows = [*map(cells, found), *map(offer_cells, findings.on_request)]
    if rows:
        for text in aligned([HEADINGS, *rows], right=RIGHT):
            say(text)
        say("")
    malformed = f", {found.errors} malformed" if found.errors else ""
    say(f"{counted(found.messages, 'message')} in {findings.seconds:.1f} s{malformed}")
    say(f"{link.endpoint} is {link.peer_address}, {_kind(link.profile)}")
    if findings.capabilities is not None:
        if not len(found) and any(name.startswith("GET_") for name in findings.capabilities):
            say("nothing comes by itself: igtl get and igtl stream ask for it")
        say(f"it understands {printable(' '.join(findings.capabilities)) or 'nothing, it says'}")
    elif findings.asked:
        say("it does not say what it understands")
    elif not link.profile.queries:
        say("it was not asked what it understands: such servers may crash on that")


def _kind(profile: Profile) -> str:
    """What kind of program a server is; most show nothing of it."""
    kinds = {"slicer": "3D Slicer", "plus": "PLUS", "plus-strings": "PLUS"}
    kind = kinds.get(profile.name, "nothing shows of what kind")
    return f"{kind} (profile {profile.name})"
