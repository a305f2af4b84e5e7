"""One device of a port as cells of a table, and as plain values."""

from __future__ import annotations

from typing import Any

import igtl
from igtl.cli.offers import Offer
from igtl.cli.terminal import printable
from igtl.viewer.row import Row
from igtl.viewer.summary import summary

__all__ = ["HEADINGS", "RIGHT", "cells", "offer_cells", "plain_offer", "plain_row"]

HEADINGS = ("device", "type", "messages", "rate", "header", "latest", "metadata")
RIGHT = (2, 3)
"""Numbers of the columns that are aligned to the right."""

_LONGEST_TEXT = 60


def cells(row: Row) -> tuple[str, ...]:
    """What the headings promise."""
    rate = row.mean_rate
    return (
        printable(row.device_name) or "-",
        printable(row.wire_type),
        str(row.messages),
        "-" if rate is None else f"{rate:.1f}/s",
        "v" + ",".join(str(version) for version in sorted(row.versions)),
        _latest(row),
        printable(" ".join(row.metadata_keys)) or "-",
    )


def offer_cells(offer: Offer) -> tuple[str, ...]:
    """The same for what did not come by itself."""
    device, wire_type = (printable(text) or "-" for text in offer)
    return device, wire_type, "0", "on request", "-", "", "-"


def _latest(row: Row) -> str:
    """What the last message said, its metadata left out."""
    malformed = f"{row.errors} malformed" if row.errors else ""
    if row.last is None:
        return malformed
    match row.last:
        case igtl.Image():
            text = _geometry(row.last)
        case _:
            text = " ".join(summary(_without_metadata(row.last)).split())
    text = printable(text)
    short = text if len(text) <= _LONGEST_TEXT else text[:_LONGEST_TEXT] + "..."
    return f"{short}, {malformed}" if malformed else short


def _without_metadata(message: igtl.Message) -> igtl.Message:
    return message.replace(metadata={}) if message.metadata else message


def _geometry(image: igtl.Image) -> str:
    colours = f" x {image.components}" if image.components > 1 else ""
    size = " x ".join(map(str, image.size)) + colours
    spacing = " x ".join(f"{length:.4g}" for length in image.spacing)
    return f"{size} {image.pixels.dtype.name}, {spacing} mm, {image.coordinates}"


def plain_row(row: Row) -> dict[str, Any]:
    """The same as values of JSON, without the latest message, but with an image's geometry."""
    return {
        "device": row.device_name,
        "type": row.wire_type,
        "messages": row.messages,
        "malformed": row.errors,
        "bytes": row.bytes,
        "rate": row.mean_rate,
        "header_versions": sorted(row.versions),
        "metadata_keys": list(row.metadata_keys),
        "image": _plain_image(row.last) if isinstance(row.last, igtl.Image) else None,
    }


def plain_offer(offer: Offer) -> dict[str, Any]:
    """What did not come by itself, in the form of `plain_row`; type is None where it is not known.

    It has no messages: 0 stands for "on request".
    """
    return {
        "device": offer.device_name,
        "type": offer.wire_type or None,
        "messages": 0,
        "malformed": 0,
        "bytes": 0,
        "rate": None,
        "header_versions": [],
        "metadata_keys": [],
        "image": None,
    }


def _plain_image(image: igtl.Image) -> dict[str, Any]:
    return {
        "size": list(map(int, image.size)),
        "components": image.components,
        "scalar": image.pixels.dtype.name,
        "spacing": [float(length) for length in image.spacing],
        "origin": [float(one) for one in image.origin],
        "coordinates": image.coordinates,
    }
