"""Bytes and fields: everything about the wire that knows no particular message."""
