"""Which addresses a webhook may be sent to: public ones, checked when it is sent and then connected to.

A name is resolved once per try and the connection goes to the address that was checked, so that a name which
changes its address in between (DNS rebinding) gains nothing.
"""

from __future__ import annotations

import ipaddress
import socket

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_METADATA = {ipaddress.ip_address("168.63.129.16")}
"""Addresses of a cloud's own services that are public by number; all others are link-local or private."""
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class RefusedAddressError(Exception):
    """The name leads to an address that nothing is sent to."""


def resolve(host: str, port: int, *, allow_private: bool) -> list[str]:
    """The addresses of a host, in the order in which to try them.

    Raises:
        RefusedAddressError: one of them is not public.
        OSError: the name cannot be resolved.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    addresses = list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))
    for address in addresses:
        if not allow_private and not is_public(ipaddress.ip_address(address)):
            # The address is not told: whoever names endpoints could map a network by it.
            raise RefusedAddressError("the name leads to an address that is not public")
    return addresses


def is_public(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
        if address.is_site_local:
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address in _METADATA)
