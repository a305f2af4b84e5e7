"""Endpoints as people type them, several at once."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from pathlib import Path

import igtl
from igtl.net.endpoint import Endpoint

__all__ = ["endpoints"]


def endpoints(texts: Iterable[str]) -> list[str]:
    """The endpoints, as they are written.

    Raises:
        EndpointError: one is none, or is given twice.
        MessageError: one is a file.
    """
    found: list[str] = []
    for text in texts:
        if "://" not in text and Path(text).is_file():
            name = shlex.quote(text)
            raise igtl.MessageError(
                f"{text} is a file, expected a server as host:port; of a recording, `igtl info "
                f"{name}` tells what is in it, and `igtl view {name}` shows it"
            )
        endpoint = str(Endpoint.parse(text))
        if endpoint in found:
            raise igtl.EndpointError(f"{endpoint} is given twice: name each server once")
        found.append(endpoint)
    return found
