"""Which servers may be asked: the guard against feeds that point into the own network.

An address in a configuration, a redirect or a link to the next page may name, or resolve to,
a machine that only this one can reach. So a host is resolved once, its addresses are checked,
and the connection goes to a checked address, not to the name again.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Collection

from digest.errors import FetchError

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# RFC 6052: IPv4 addresses behind an IPv6 prefix, which ipaddress takes for global ones.
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def is_public(address: str) -> bool:
    """Tell whether an IP address is one of the public internet.

    Loopback, private, link-local, shared (CGNAT), multicast and reserved ones are not, nor
    are IPv6 addresses that stand for such IPv4 ones (mapped, 6to4, Teredo, NAT64).
    """
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return all(one.is_global and not one.is_multicast for one in (ip, *_embedded(ip)))


def _embedded(ip: _Address) -> list[ipaddress.IPv4Address]:
    """Return the IPv4 addresses for which an IPv6 one stands."""
    if isinstance(ip, ipaddress.IPv4Address):
        return []
    found = [ip.ipv4_mapped, ip.sixtofour, *(ip.teredo or ())]
    if ip in _NAT64:
        found.append(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF))
    return [one for one in found if one]


def is_listed(host: str, port: int, allowed: Collection[str]) -> bool:
    """Tell whether a host stands in a list of ``host`` and ``host:port``."""
    name = f"[{host}]" if ":" in host else host
    return not {host, name, f"{name}:{port}"}.isdisjoint(allowed)


async def addresses(host: str, port: int, *, allow_private: bool) -> list[str]:
    """Return the addresses of a host to which a connection may go, in the resolver's order.

    Raises:
        FetchError: the host has no address, or only such as may not be asked.
    """
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise FetchError(f"the host {host} has no address; check its name") from error
    resolved = list(dict.fromkeys(str(info[4][0]) for info in found))
    vetted = [address for address in resolved if allow_private or is_public(address)]
    if not vetted:
        raise FetchError(
            f"{host} is a private or local address, which is not asked; "
            "if it is yours, add it to allow_private_hosts"
        )
    return vetted
