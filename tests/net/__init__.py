"""Clients and servers over real sockets of this machine."""
